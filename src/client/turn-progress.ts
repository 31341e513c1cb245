/** Tells how far a turn is: one report at a time, and of several that wait only the last. */
import type { Json } from "../contract/event.ts";
import { cutToBytes } from "../contract/limits.ts";
import { ClientError, describeError } from "./client-error.ts";
import { identifyEvent } from "./complete-event.ts";
import type { TurnContext } from "./handlers.ts";
import { clientLimits } from "./limits.ts";
import type { TakeNote } from "./note.ts";
import type { Outbox } from "./outbox.ts";
import type { TurnRun } from "./turn-run.ts";

export interface ProgressOptions {
  outbox: Pick<Outbox, "send">;
  newId: () => string;
  note: TakeNote;
  /** The server said that the turn is over. */
  revoke: (turn: string, reason: string) => void;
}

export function createProgress(run: TurnRun, { outbox, newId, note, revoke }: ProgressOptions): TurnContext["progress"] {
  let sending = false;
  let next: { [member: string]: Json } | undefined;
  const report = async () => {
    sending = true;
    while (next && !run.controller.signal.aborted) {
      const data = { turn: run.turn.turn, lease: run.turn.lease.generation, ...next };
      next = undefined;
      try {
        await outbox.send(identifyEvent({ type: "nerve.turn.progress", correlationid: run.turn.thread, data }, newId), "own");
      } catch (error) {
        const code = error instanceof ClientError ? error.code : undefined;
        const over = code === "turn_over" || (code === "stale_lease" && run.turn.lease.generation === data.lease);
        if (over) revoke(run.turn.turn, describeError(error));
        else if (code !== "closed") note({ level: "warn", what: "progress.refused", message: describeError(error), turn: run.turn.turn });
      }
    }
    sending = false;
  };
  return (text, details) => {
    next = { note: cutToBytes(text, clientLimits.errorBytes), ...(details === undefined ? {} : { details }) };
    if (!sending) void report();
  };
}
