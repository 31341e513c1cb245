/** Who held each role when: a line of time for each, with offers, losses, hand-overs and what its holders said. */
import type { LeaseLine, LeaseSpan } from "../../data/story/lease-lines.ts";
import { Time } from "../../parts/time.tsx";

interface LeasesProps {
  lines: readonly LeaseLine[];
  /** Milliseconds since 1970: from the first moment to the last, or to now. */
  from: number;
  to: number;
  /** The moment that is shown. */
  at: number;
  go(place: number): void;
}

const words: Record<LeaseSpan["state"], string> = { held: "holds it", away: "is away", offered: "offered", free: "free" };

export function LeasesPanel({ lines, from, to, at, go }: LeasesProps) {
  if (lines.length === 0) return <p class="quiet pad">No role was offered or held yet.</p>;
  const length = Math.max(1, to - from);
  const share = (time: number) => Math.min(100, Math.max(0, ((time - from) / length) * 100));
  return (
    <div class="leases">
      {lines.map(({ role, spans, signs }) => (
        <section key={role} class="lease" aria-label={role}>
          <h3>{role}</h3>
          <div class="track" aria-hidden="true">
            {spans.map((span) => (
              <span
                key={span.place}
                class={`span span-${span.state}`}
                style={{ left: `${share(span.from)}%`, width: `max(3px, ${share(span.to ?? to) - share(span.from)}%)` }}
              >
                {span.agent === null ? words[span.state] : `${span.agent} · ${span.generation}`}
              </span>
            ))}
            {signs.map((sign, index) => (
              <span key={index} class="sign" style={{ left: `${share(sign)}%` }} />
            ))}
            <span class="now" style={{ left: `${share(at)}%` }} />
          </div>
          <ol class="spans">
            {spans.map((span) => (
              <li key={span.place}>
                <button type="button" class="link" onClick={() => go(span.place)}>
                  <Time at={span.from} as="clock" />
                </button>{" "}
                {span.agent === null ? (
                  words[span.state]
                ) : (
                  <>
                    <strong>{span.agent}</strong> {words[span.state]}, lease {span.generation}
                  </>
                )}
                {span.to === null ? ", until now" : <span class="quiet"> for {writeSpan(span.to - span.from)}</span>}
                {span.why !== null && <span class="quiet">, ended: {span.why}</span>}
              </li>
            ))}
          </ol>
        </section>
      ))}
    </div>
  );
}

/** A span with two digits that matter. */
export function writeSpan(milliseconds: number): string {
  if (milliseconds < 1_000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 60_000) return `${(milliseconds / 1_000).toFixed(1)} s`;
  const minutes = Math.floor(milliseconds / 60_000);
  if (minutes < 60) return `${minutes} m ${Math.round((milliseconds % 60_000) / 1_000)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} m`;
}
