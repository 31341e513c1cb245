/** The steps of a thread, each with what was decided on it and why. */
import { useState } from "preact/hooks";
import { describeUsage } from "../../../contract/usage.ts";
import type { MessageView } from "../../../contract/views/thread.ts";
import { readReason } from "../../data/story/because.ts";
import { JsonView } from "../../parts/json-view.tsx";
import { Time } from "../../parts/time.tsx";
import { type Column, VirtualTable } from "../../parts/virtual-table.tsx";

interface MessagesProps {
  /** Those that had been said at the moment that is shown. */
  messages: readonly MessageView[];
  /** Shows the thread as it was when this was said. */
  visit(message: MessageView): void;
  order(what: "restart" | "fork", step: MessageView): void;
  /** Why nothing can be ordered; undefined: it can. */
  hindered: string | undefined;
}

export function MessagesPanel({ messages, visit, order, hindered }: MessagesProps) {
  const [open, show] = useState<number | undefined>(undefined);
  const chosen = messages.find(({ round }) => round === open) ?? messages.at(-1);
  const columns: Column<MessageView>[] = [
    {
      key: "round",
      header: "Step",
      width: "3rem",
      cell: ({ round }) => (
        <button type="button" class="link" aria-pressed={round === chosen?.round} onClick={() => show(round)}>
          {round}
        </button>
      ),
    },
    {
      key: "role",
      header: "Role",
      width: "minmax(4rem, 1fr)",
      narrowWidth: "minmax(0, 1fr)",
      cell: ({ role, until }) => (until === undefined ? role : <s>{role}</s>),
    },
    { key: "agent", header: "Agent", width: "minmax(5rem, 1fr)", cell: ({ agent, by }) => by ?? agent ?? "the engine", wideOnly: true },
    { key: "said", header: "Said", width: "minmax(4.5rem, 2fr)", narrowWidth: "minmax(0, 1.5fr)", cell: ({ output }) => summarise(output) },
    {
      key: "to",
      header: "Then",
      width: "minmax(4.5rem, 1fr)",
      cell: ({ decision }) => (decision ? `→ ${decision.to}` : "not decided yet"),
      wideOnly: true,
    },
    { key: "at", header: "At", width: "7.5rem", cell: ({ at }) => <Time at={at} as="clock" />, wideOnly: true },
  ];
  if (messages.length === 0) return <p class="quiet pad">Nobody has answered a turn yet, at the moment that is shown.</p>;
  return (
    <div class="split">
      <VirtualTable label="Steps" columns={columns} rows={messages} rowKey={({ round }) => String(round)} rowHeight={40} />
      {chosen && <Message key={chosen.round} message={chosen} visit={visit} order={order} hindered={hindered} />}
    </div>
  );
}

function summarise(output: unknown): string {
  const { $status, ...rest } = (typeof output === "object" && output !== null ? output : {}) as { $status?: unknown };
  const more = JSON.stringify(rest).slice(0, 120);
  return `${typeof $status === "string" ? $status : ""} ${more === "{}" ? "" : more}`.trim();
}

function Message({ message, visit, order, hindered }: { message: MessageView } & Omit<MessagesProps, "messages">) {
  const { round, role, agent, by, output, body, decision, usage, at, until } = message;
  return (
    <article class="detail" aria-label={`Step ${round}`}>
      <h3>
        Step {round}: {role}
      </h3>
      <p class="quiet">
        {by === undefined ? (agent ?? "the engine") : `${by}, in the place of ${agent ?? "an agent"}`}, <Time at={at} as="clock" />
        {usage && `; took ${describeUsage(usage)}`}
        {until !== undefined && `; it counts no more since the thread was begun for the ${until}. time`}
      </p>
      <div class="buttons start">
        <button type="button" onClick={() => visit(message)}>
          Show this moment
        </button>
        <button type="button" disabled={hindered !== undefined} title={hindered} onClick={() => order("fork", message)}>
          Fork from here…
        </button>
        <button
          type="button"
          disabled={hindered !== undefined || until !== undefined}
          title={hindered}
          onClick={() => order("restart", message)}
        >
          Restart from here…
        </button>
      </div>
      <h4>Output</h4>
      <JsonView value={output} label={`Output of step ${round}`} />
      {body !== undefined && (
        <>
          <h4>Text</h4>
          <JsonView value={body} label={`Text of step ${round}`} />
        </>
      )}
      {decision && (
        <>
          <h4>Decision: → {decision.to}</h4>
          <Because because={decision.because} />
          {decision.prompt !== null && (
            <>
              <h4>Prompt</h4>
              <JsonView value={decision.prompt} label={`Prompt after step ${round}`} />
            </>
          )}
        </>
      )}
    </article>
  );
}

function Because({ because }: { because: string }) {
  const reason = readReason(because);
  switch (reason.form) {
    case "status":
      return <p>The output's status is {reason.status}.</p>;
    case "moderator":
      return (
        <>
          <p>The moderator's expression gave:</p>
          <JsonView value={reason.saw} label="What the moderator said" />
        </>
      );
    case "text":
      return <p>{reason.text === "" ? "No reason is kept." : reason.text}</p>;
    case "list":
      if (reason.tried.length === 0) return <p>There is no condition: it always goes this way.</p>;
      return (
        <ol class="tried">
          {reason.tried.map(({ condition, expression, saw, chosen }) => (
            <li key={`${condition} ${expression}`} class={chosen ? "chosen" : ""}>
              <strong>{condition}</strong> {chosen ? "holds" : "does not hold"} <code>{expression}</code>
              <span class="quiet"> gave {JSON.stringify(saw)}</span>
            </li>
          ))}
          {!reason.tried.some(({ chosen }) => chosen) && <li class="chosen">None of them holds: it goes the way without a condition.</li>}
        </ol>
      );
    default:
      return reason satisfies never;
  }
}
