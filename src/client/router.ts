/** Hands each event that was given to whose it is: the client's parts, the agent itself, or both. */
import type { CloudEvent } from "../contract/event.ts";
import type { InboxItem } from "../contract/frames/server-frames.ts";
import { describeError } from "./client-error.ts";
import type { TakeNote } from "./note.ts";
import type { createTakeGiven } from "./take-given.ts";

export interface RouterOptions {
  takeGiven: ReturnType<typeof createTakeGiven>;
  note: TakeNote;
  /** Hands the event to the agent's own handler. */
  hand: (event: CloudEvent, done: () => void) => void;
  /** Work begins: whoever watches the event loop should know. */
  watch: () => void;
}

/** Makes what deals with an item: `done` is called when it may be acknowledged. Nothing that is given, however odd, may end the process that takes it. */
export function createRouter({ takeGiven, note, hand, watch }: RouterOptions): (item: InboxItem, done: () => void) => void {
  function route(event: CloudEvent, done: () => void): void {
    const taken = takeGiven(event, done);
    switch (taken) {
      case "own":
        done();
        break;
      case "kept":
        watch();
        break;
      case "shared":
        hand(event, done);
        break;
      default:
        taken satisfies never;
    }
  }

  return ({ event }, done) => {
    try {
      route(event, done);
    } catch (error) {
      const message = `${event.type} makes no sense here: ${describeError(error)}`;
      note({ level: "warn", what: "event.dropped", message, event: event.id });
      done();
    }
  };
}
