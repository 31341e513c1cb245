/** Who said what to whom: a sequence diagram of the orchestrator and all agents, a row a moment. */
import { inspectorLimits } from "../../data/limits.ts";
import type { Moment } from "../../data/story/moment.ts";
import { listLifelines, orchestrator, type Told, tellMoment } from "../../data/story/tell-moment.ts";
import { Time } from "../../parts/time.tsx";
import { type Column, VirtualTable } from "../../parts/virtual-table.tsx";

interface SequenceProps {
  /** Up to the moment that is shown. */
  moments: readonly Moment[];
  /** The roles that each agent holds, for the lifelines' heads. */
  roles: ReadonlyMap<string, string>;
  go(place: number): void;
}

interface Row {
  place: number;
  moment: Moment;
}

export function SequencePanel({ moments, roles, go }: SequenceProps) {
  const { lifelines, left } = listLifelines(moments, inspectorLimits.lifelines);
  const rows = moments.map((moment, place): Row => ({ place, moment }));
  const width = `minmax(${lifelines.length * 7}rem, 1fr)`;
  const columns: Column<Row>[] = [
    {
      key: "at",
      header: "Time",
      width: "7rem",
      cell: ({ place, moment }) => (
        <button type="button" class="link" onClick={() => go(place)}>
          <Time at={moment.at} as="clock" />
          <span class="hidden">, show moment {place + 1}</span>
        </button>
      ),
    },
    { key: "arrow", header: "From and to", width, cell: ({ moment }) => <Arrow told={tellMoment(moment)} lifelines={lifelines} /> },
  ];
  return (
    <div class="sequence" style={{ "--lifelines": String(lifelines.length), "--lifeline-width": width }}>
      <div class="lifelines" aria-hidden="true">
        <span />
        <span class="lifeline-heads">
          {lifelines.map((lifeline) => (
            <span key={lifeline} class={lifeline === orchestrator ? "lifeline lifeline-own" : "lifeline"} title={lifeline}>
              {lifeline}
              <small>{roles.get(lifeline) ?? ""}</small>
            </span>
          ))}
        </span>
      </div>
      <VirtualTable
        label="Messages between orchestrator and agents"
        columns={columns}
        rows={rows}
        rowKey={({ moment }) => moment.key}
        rowHeight={38}
      />
      {left > 0 && <p class="quiet small">{left} more take part: what they say and hear is in the rows, without a lifeline.</p>}
    </div>
  );
}

function Arrow({ told, lifelines }: { told: Told; lifelines: readonly string[] }) {
  const from = lifelines.indexOf(told.from);
  const to = told.to.map((name) => lifelines.indexOf(name)).filter((lifeline) => lifeline >= 0);
  const ends = [...to, ...(from >= 0 ? [from] : [])];
  const [low, high] = [Math.min(...ends), Math.max(...ends)];
  const isAlone = low === high || !Number.isFinite(low);
  const words = `${told.from}${told.to.length > 0 && !told.to.includes(told.from) ? ` to ${told.to.join(", ")}` : ""}: ${told.title}`;
  const middle = (lifeline: number) => `${((lifeline + 0.5) / lifelines.length) * 100}%`;
  const start = isAlone ? Math.max(0, Number.isFinite(low) ? low : 0) : low;
  const isAtRight = start > lifelines.length * 0.6;
  return (
    <div class={`flow flow-${told.tone}`} title={words}>
      {lifelines.map((lifeline, index) => (
        <span key={lifeline} class="flow-lifeline" style={{ left: middle(index) }} />
      ))}
      {!isAlone && <span class="flow-line" style={{ left: middle(low), width: `${((high - low) / lifelines.length) * 100}%` }} />}
      {from >= 0 && <span class="flow-from" style={{ left: middle(from) }} />}
      {!isAlone &&
        to.map((lifeline) => (
          <span key={lifeline} class={`flow-head ${lifeline > from ? "right" : "left"}`} style={{ left: middle(lifeline) }} />
        ))}
      <span
        class={`flow-text ${isAlone ? "alone" : ""} ${isAtRight ? "at-right" : ""}`}
        style={isAtRight ? { right: `calc(100% - ${middle(isAlone ? start : high)})` } : { left: middle(start) }}
      >
        <span class="hidden">{`${told.from}${told.to.length > 0 ? ` to ${told.to.join(", ")}` : ""}: `}</span>
        {told.title}
      </span>
    </div>
  );
}
