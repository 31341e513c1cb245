/** Hands events to the agent's `onEvent`, one at a time, in order. */
import type { CloudEvent } from "../contract/event.ts";
import type { Acceptance } from "./acceptance.ts";
import { describeError } from "./client-error.ts";
import type { EventHandler } from "./handlers.ts";
import type { TakeNote } from "./note.ts";

export interface EventListener {
  /** `done` is called when it was dealt with. */
  hand(event: CloudEvent, done: () => void): void;
  /** The kind that is dealt with now, if any. */
  handling(): [kind: string] | undefined;
}

export function createEventListener(options: {
  onEvent: EventHandler | undefined;
  accepts: Pick<Acceptance, "takes">;
  note: TakeNote;
  /** Work begins: whoever watches the event loop should know. */
  watch: () => void;
}): EventListener {
  const { onEvent, accepts, note, watch } = options;
  let events = Promise.resolve();
  let handling: [kind: string] | undefined;

  async function handle(event: CloudEvent) {
    if (!onEvent || !(await accepts.takes(event))) return;
    handling = [event.type];
    watch();
    try {
      await onEvent(event);
    } catch (error) {
      note({ level: "error", what: "event.failed", message: `onEvent, ${event.type}: ${describeError(error)}`, event: event.id });
    }
    handling = undefined;
  }

  return {
    hand(event, done) {
      events = events.then(() => handle(event)).then(done);
    },
    handling: () => handling,
  };
}
