/** Runs a turn's handler, again where the thread was resumed meanwhile, and gives what it answers as an event's data. */
import type { Json } from "../contract/event.ts";
import type { TurnAssigned } from "../contract/kinds/turn.ts";
import { cutToBytes } from "../contract/limits.ts";
import { addUsage, findUsageFault, readUsage, toSaid } from "../contract/usage.ts";
import type { Artifacts } from "./artifacts.ts";
import { ClientError, describeError } from "./client-error.ts";
import type { Clock } from "./clock.ts";
import { identifyEvent } from "./complete-event.ts";
import type { SaidUsage } from "./contract-types.ts";
import {
  findTurnHandler,
  type InvalidAnswer,
  readAnswer,
  type TurnContext,
  TurnFailure,
  type TurnHandlers,
  type TurnListener,
} from "./handlers.ts";
import { clientLimits } from "./limits.ts";
import { createProgress, type ProgressOptions } from "./turn-progress.ts";
import type { Attempt, TurnRun } from "./turn-run.ts";

export interface HandlerRunner {
  /** Gives the data of `nerve.turn.respond`, or of `nerve.turn.fail` where the handler threw. */
  settle(run: TurnRun, invalid: InvalidAnswer | undefined): Promise<{ [member: string]: Json }>;
  /** The turn was given again, its thread having been resumed: whoever performs it decides whether to begin anew. */
  update(run: TurnRun): void;
}

/** What the answer that is made now says of its cost; the next one begins at nothing. */
function takeUsage(run: TurnRun): { usage?: Json } {
  const { usage } = run;
  run.usage = undefined;
  // Beyond what one answer may say only where a handler said so in several calls.
  const fits = usage && findUsageFault(toSaid(usage)) === undefined;
  return fits ? { usage: toSaid(usage) as Json } : {};
}

export function createHandlerRunner(
  options: ProgressOptions & { handlers: TurnHandlers | undefined; clock: Clock; artifacts: Artifacts },
): HandlerRunner {
  const { handlers, outbox, clock, newId, note } = options;

  async function runHandler(run: TurnRun, attempt: Attempt, invalid: InvalidAnswer | undefined): Promise<{ [member: string]: Json }> {
    const { turn } = attempt;
    const { signal } = attempt.controller;
    const handler = findTurnHandler(handlers, turn.workflow, turn.role.name);
    try {
      if (!handler) throw new TurnFailure(`this agent has no handler for ${turn.workflow}/${turn.role.name}`);
      const context: TurnContext = {
        signal,
        ...(invalid ? { invalid } : {}),
        progress: createProgress(run, options),
        artifacts: options.artifacts,
        usage: (took) => noteUsage(run, took),
        onUpdate(listener) {
          attempt.listener = listener;
        },
        send: (event) => outbox.send(identifyEvent({ causationid: run.event.id, correlationid: turn.thread, ...event }, newId)),
      };
      const working = Promise.resolve().then(() => (signal.aborted ? undefined : handler(turn, context)));
      // Wait for a handler that is to be run again, however long it takes: it must not run twice at a time.
      const returned = await Promise.race([working, untilGivenUp(run.controller.signal)]);
      if (signal.aborted) return {};
      const answer = readAnswer(returned);
      if (!answer) throw new TurnFailure('the handler returned no object: an output is one, e.g. { $status: "done" }');
      return { ...answer };
    } catch (error) {
      if (!signal.aborted)
        note({ level: "warn", what: "turn.failed", message: describeError(error), turn: turn.turn, thread: turn.thread });
      const retryable = error instanceof TurnFailure && error.retryable;
      return { error: cutToBytes(describeError(error) || "failed", clientLimits.errorBytes), retryable };
    }
  }

  function noteUsage(run: TurnRun, took: SaidUsage): void {
    const fault = findUsageFault(took);
    const said = fault === undefined ? readUsage(took) : undefined;
    if (said) run.usage = addUsage(run.usage, said);
    if (fault !== undefined) note({ level: "warn", what: "usage.dropped", message: fault, turn: run.turn.turn, thread: run.turn.thread });
  }

  /** A handler that ignores its signal may not keep its place for ever. */
  function untilGivenUp(signal: AbortSignal): Promise<undefined> {
    return new Promise((resolve) => {
      signal.addEventListener("abort", () => void clock.after(clientLimits.revokeGraceMs, () => resolve(undefined)), { once: true });
    });
  }

  function askListener(listener: TurnListener, turn: TurnAssigned): boolean {
    try {
      return listener(turn) === "restart";
    } catch (error) {
      note({ level: "error", what: "turn.failed", message: `onUpdate: ${describeError(error)}`, turn: turn.turn, thread: turn.thread });
      return false;
    }
  }

  return {
    async settle(run, invalid) {
      for (;;) {
        // Keep one signal while answers are refused: a handler may key what it knows of the turn by it.
        const attempt: Attempt = { controller: run.work, turn: run.turn };
        const abort = () => attempt.controller.abort(run.controller.signal.reason);
        run.controller.signal.addEventListener("abort", abort, { once: true });
        if (run.controller.signal.aborted) abort();
        run.attempt = attempt;
        const data = await runHandler(run, attempt, invalid);
        run.attempt = undefined;
        run.controller.signal.removeEventListener("abort", abort);
        if (run.controller.signal.aborted || !attempt.controller.signal.aborted) return { ...data, ...takeUsage(run) };
        run.work = new AbortController();
      }
    },
    update({ turn, attempt }) {
      // A handler that has not begun gets the turn as it is now.
      if (!attempt || attempt.turn === turn) return;
      attempt.turn = turn;
      const restarts = attempt.listener ? askListener(attempt.listener, turn) : (turn.resumed?.supplement ?? null) !== null;
      const said = restarts ? "the handler is run again" : "the handler goes on";
      const message = `resumed: ${turn.resumed?.reason ?? ""}; ${said}`;
      note({ level: "info", what: "turn.updated", message, turn: turn.turn, thread: turn.thread });
      if (restarts) attempt.controller.abort(new ClientError("resumed", "the thread was resumed: the turn is run again"));
    },
  };
}
