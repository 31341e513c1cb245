/** Warns of a handler that lets nothing else run: no sign of life leaves meanwhile, and what is performed is taken away. */
import type { Clock } from "./clock.ts";
import { clientLimits } from "./limits.ts";
import type { TakeNote } from "./note.ts";

/** What is watched. */
export interface LoopWatchOptions {
  clock: Clock;
  /** Names what is handled now. */
  busy: () => string[];
  /** Whether there is anything to handle, now or soon. */
  isActive: () => boolean;
  note: TakeNote;
}

/** Makes what is to be called when there is something to handle; it looks now and then for as long as there is. */
export function createLoopWatch({ clock, busy, isActive, note }: LoopWatchOptions): () => void {
  let watching = false;

  return function begin() {
    if (watching) return;
    watching = true;
    const before = busy();
    const due = clock.now() + clientLimits.loopTickMs;
    clock.after(clientLimits.loopTickMs, () => {
      watching = false;
      const late = clock.now() - due;
      if (late >= clientLimits.loopLateMs) {
        const names = [...new Set([...before, ...busy()])].slice(0, 5);
        const during = names.length ? ` (${names.join(", ")})` : "";
        const message = `for ${Math.round(late / 1000)} s nothing else ran in this process: a handler blocks the event loop${during}, or the machine slept. No sign of life could be sent, so that turns may be given to others; let long work await now and then, or run it in a worker or by \`nerveflare agent --exec\``;
        note({ level: "warn", what: "loop.blocked", message });
      }
      if (isActive()) begin();
    });
  };
}
