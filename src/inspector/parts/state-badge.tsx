/** A state as a word with a colour and a shape: never the colour alone. */

/** What a state means to whoever looks, whichever kind of thing is in it. */
export type Tone = "good" | "busy" | "waiting" | "bad" | "quiet";

const tones: { [state: string]: Tone } = {
  queued: "waiting",
  recruiting: "busy",
  running: "busy",
  suspended: "waiting",
  completed: "good",
  failed: "bad",
  cancelled: "quiet",
  dropped: "bad",
  online: "good",
  away: "waiting",
  lost: "bad",
};

const marks: Record<Tone, string> = { good: "✓", busy: "●", waiting: "◔", bad: "✕", quiet: "–" };

/** @param tone where the word alone does not say it */
export function StateBadge({ state, tone = tones[state] ?? "quiet" }: { state: string; tone?: Tone }) {
  return (
    <span class={`badge badge-${tone}`}>
      <span aria-hidden="true">{marks[tone]}</span> {state}
    </span>
  );
}
