/** Moves through a thread's time: what the page shows is as it was then. */
import type { Moment } from "../../data/story/moment.ts";
import { tellMoment } from "../../data/story/tell-moment.ts";
import { Time } from "../../parts/time.tsx";

interface ScrubberProps {
  moments: readonly Moment[];
  /** The moment that is shown; null: the newest, whichever that becomes. */
  place: number | null;
  go(place: number | null): void;
  /** Whether the thread goes on. */
  isLive: boolean;
}

export function Scrubber({ moments, place, go, isLive }: ScrubberProps) {
  const last = moments.length - 1;
  const now = place ?? last;
  const moment = moments[now];
  const told = moment && tellMoment(moment);
  const step = (by: number) => go(Math.max(0, Math.min(last, now + by)));
  const words = told ? `${told.from}: ${told.title}` : "nothing yet";
  return (
    <section class="scrubber" aria-label="Time">
      <div class="scrubber-row">
        <span class="choice">
          <button type="button" aria-label="First moment" disabled={now <= 0} onClick={() => go(0)}>
            «
          </button>
          <button type="button" aria-label="One moment back" disabled={now <= 0} onClick={() => step(-1)}>
            ‹
          </button>
          <button type="button" aria-label="One moment on" disabled={now >= last} onClick={() => step(1)}>
            ›
          </button>
        </span>
        <input
          type="range"
          min={0}
          max={Math.max(0, last)}
          value={Math.max(0, now)}
          disabled={last < 1}
          aria-label="Moment"
          aria-valuetext={`${now + 1} of ${last + 1}: ${words}`}
          onInput={({ currentTarget }) => go(Number(currentTarget.value))}
        />
        <button type="button" class={place === null ? "primary" : ""} aria-pressed={place === null} onClick={() => go(null)}>
          {isLive ? "Live" : "End"}
        </button>
      </div>
      <p class="scrubber-told">
        <span class="quiet">
          {Math.max(0, now + 1).toLocaleString()} of {(last + 1).toLocaleString()}
        </span>{" "}
        {moment && <Time at={moment.at} as="clock" />} <strong class="told">{words}</strong>
      </p>
    </section>
  );
}
