/**
 * Performs turns: each once, however often it is given, at most so many at a time; answers until the answer counts or is
 * refused for good. A turn's event is acknowledged only then, so that a crash before has it given again.
 */

import type { CloudEvent, Json, PostedEvent } from "../contract/event.ts";
import type { TurnAssigned } from "../contract/kinds/turn.ts";
import { cutToBytes } from "../contract/limits.ts";
import { createAnswer, underLease } from "./answer-event.ts";
import type { Answers, KeptAnswer } from "./answers.ts";
import { ClientError, describeError } from "./client-error.ts";
import type { Clock } from "./clock.ts";
import { identifyEvent } from "./complete-event.ts";
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
import type { MeReader } from "./me.ts";
import type { TakeNote } from "./note.ts";
import type { Outbox } from "./outbox.ts";

/** Takes turns. */
export interface Turns {
  /** A turn was given; `done` is called when it is answered or over. */
  assign(event: CloudEvent, done: () => void): void;
  revoke(turn: string, reason: string): void;
  /** How many turns are not over. */
  size(): number;
  /** Settles when none is left. */
  idle(): Promise<void>;
  /** Starts no more: what waits for a place, and what is given from now on, is left as it is. */
  drain(): void;
  /** Turns whose handlers run, or whose answers are on their way. */
  running(): TurnAssigned[];
  /** Aborts the handlers and starts no more; what is unanswered stays unacknowledged. */
  stop(): void;
}

/** What turns need. */
export interface TurnsOptions {
  handlers: TurnHandlers | undefined;
  /** Handlers at a time. */
  slots: number;
  outbox: Outbox;
  answers: Answers;
  me: MeReader;
  clock: Clock;
  newId: () => string;
  note: TakeNote;
  /** A turn is over: it was answered, lost or dropped. */
  ended: (turn: TurnAssigned) => void;
}

interface Run {
  turn: TurnAssigned;
  event: CloudEvent;
  controller: AbortController;
  /** Of the handler: another each time that it is run again for a resume. */
  work: AbortController;
  dones: (() => void)[];
  /** Whether it has a place: its handler runs, or its answer is on its way. */
  begun: boolean;
  /** The handler that runs now. */
  attempt?: Attempt | undefined;
}

/** One run of the handler. */
interface Attempt {
  controller: AbortController;
  listener?: TurnListener | undefined;
  /** The turn that it knows. */
  turn: TurnAssigned;
}

/** A turn that failed is given again to be performed again; what was answered is not. */
function isTriedAgain({ event, attempt = 1 }: KeptAnswer, turn: TurnAssigned): boolean {
  return event.type === "nerve.turn.fail" && attempt < (turn.attempt ?? 1);
}

/** Makes {@link Turns}. */
export function createTurns(options: TurnsOptions): Turns {
  const { handlers, outbox, answers, me, clock, newId, note } = options;
  const runs = new Map<string, Run>();
  const queue: (() => void)[] = [];
  const idlers: (() => void)[] = [];
  let free = Math.max(1, options.slots);
  let stopped = false;
  let draining = false;

  function assign(event: CloudEvent, done: () => void) {
    if (stopped || draining) return;
    const turn = event.data as unknown as TurnAssigned;
    const about = { turn: turn.turn, thread: turn.thread, event: event.id };
    const same = runs.get(turn.turn);
    if (same) {
      // Given again, perhaps under a newer lease: the work that is under way answers for that one.
      same.dones.push(done);
      if (turn.lease.generation < same.turn.lease.generation) return;
      same.turn = turn;
      if (turn.resumed && same.event.id !== event.id) update(same);
      same.event = event;
      return;
    }
    const run: Run = { turn, event, controller: new AbortController(), work: new AbortController(), dones: [done], begun: false };
    runs.set(turn.turn, run);
    note({ level: "info", what: "turn.assigned", message: `${turn.workflow}/${turn.role.name}, round ${turn.round}`, ...about });
    void carryOut(run).then(
      () => end(run, true),
      (error: unknown) => {
        const closed = error instanceof ClientError && error.code === "closed";
        if (!closed) note({ level: "error", what: "turn.broken", message: describeError(error), ...about });
        end(run, false);
      },
    );
  }

  /** The thread was suspended and goes on: whoever performs the turn decides whether to begin anew. */
  function update(run: Run) {
    const { turn, attempt } = run;
    const about = { turn: turn.turn, thread: turn.thread };
    // One that has not begun gets the turn as it is now.
    if (!attempt || attempt.turn === turn) return;
    attempt.turn = turn;
    const restarts = attempt.listener ? askListener(attempt.listener, turn) : (turn.resumed?.supplement ?? null) !== null;
    const said = restarts ? "the handler is run again" : "the handler goes on";
    note({ level: "info", what: "turn.updated", message: `resumed: ${turn.resumed?.reason ?? ""}; ${said}`, ...about });
    if (restarts) attempt.controller.abort(new ClientError("resumed", "the thread was resumed: the turn is run again"));
  }

  function askListener(listener: TurnListener, turn: TurnAssigned): boolean {
    try {
      return listener(turn) === "restart";
    } catch (error) {
      note({ level: "error", what: "turn.failed", message: `onUpdate: ${describeError(error)}`, turn: turn.turn, thread: turn.thread });
      return false;
    }
  }

  function end(run: Run, over: boolean) {
    if (runs.get(run.turn.turn) === run) runs.delete(run.turn.turn);
    if (over) {
      options.ended(run.turn);
      for (const done of run.dones) done();
    }
    if (runs.size === 0) for (const wake of idlers.splice(0)) wake();
  }

  async function carryOut(run: Run): Promise<void> {
    const kept = answers.find(run.turn.turn);
    let invalid: InvalidAnswer | undefined;
    if (kept && !isTriedAgain(kept, run.turn)) {
      note({ level: "info", what: "turn.repeated", message: "seen again: sending the answer that was made", turn: run.turn.turn });
      invalid = await handIn(run, underLease(kept, run.turn.lease.generation));
      // Nobody had heard of it: that it is refused now is to be mended as ever.
      if (!invalid) return;
    } else if (await isOver(run)) return drop(run, "it was over before it was given");
    await takePlace(run);
    try {
      await perform(run, invalid);
    } finally {
      free++;
      queue.shift()?.();
    }
  }

  /** A turn from before this connection may have been answered, or lost, while the acknowledgement was: the server knows. */
  async function isOver(run: Run): Promise<boolean> {
    const old = clock.now() - Date.parse(run.event.time) > clientLimits.staleMs;
    if (!old) return false;
    const now = await me.share().catch(() => undefined);
    if (!now || Date.parse(now.now) - Date.parse(run.event.time) <= clientLimits.staleMs) return false;
    return !now.turns.some(({ turn }) => turn === run.turn.turn);
  }

  async function takePlace(run: Run): Promise<void> {
    if (free > 0) {
      free--;
      run.begun = true;
      return;
    }
    note({ level: "info", what: "turn.waiting", message: "all slots are taken", turn: run.turn.turn });
    await new Promise<void>((resolve) => queue.push(resolve));
    free--;
    if (draining) run.controller.abort(new ClientError("closed", "the agent is closing"));
    run.begun = !draining;
  }

  /** @param refused why the answer before is not taken, if there was one */
  async function perform(run: Run, refused?: InvalidAnswer): Promise<void> {
    let invalid = refused;
    let left = refused?.left ?? Number.POSITIVE_INFINITY;
    for (let attempt = 1; left > 0; attempt++) {
      const data = await settle(run, invalid);
      if (run.controller.signal.aborted) return leave(run);
      invalid = await handIn(run, createAnswer(run, data, attempt));
      // The server counts; that its count falls is what ends this loop.
      left = Math.min(left - 1, invalid?.left ?? 0);
    }
  }

  /** Runs the handler, again where a resume wants it. Gives the data of `nerve.turn.respond`, or of `nerve.turn.fail` where it threw. */
  async function settle(run: Run, invalid: InvalidAnswer | undefined): Promise<{ [member: string]: Json }> {
    for (;;) {
      // The signal stays the same over answers that are refused: a handler may keep by it what it knows of the turn.
      const attempt: Attempt = { controller: run.work, turn: run.turn };
      const abort = () => attempt.controller.abort(run.controller.signal.reason);
      run.controller.signal.addEventListener("abort", abort, { once: true });
      if (run.controller.signal.aborted) abort();
      run.attempt = attempt;
      const data = await runHandler(run, attempt, invalid);
      run.attempt = undefined;
      run.controller.signal.removeEventListener("abort", abort);
      if (run.controller.signal.aborted || !attempt.controller.signal.aborted) return data;
      run.work = new AbortController();
    }
  }

  async function runHandler(run: Run, attempt: Attempt, invalid: InvalidAnswer | undefined): Promise<{ [member: string]: Json }> {
    const { turn } = attempt;
    const { controller } = run;
    const { signal } = attempt.controller;
    const handler = findTurnHandler(handlers, turn.workflow, turn.role.name);
    try {
      if (!handler) throw new TurnFailure(`this agent has no handler for ${turn.workflow}/${turn.role.name}`);
      const context: TurnContext = {
        signal,
        ...(invalid ? { invalid } : {}),
        progress: createProgress(run),
        onUpdate(listener) {
          attempt.listener = listener;
        },
        send: (event) => outbox.send(identifyEvent({ causationid: run.event.id, correlationid: turn.thread, ...event }, newId)),
      };
      const working = Promise.resolve().then(() => (signal.aborted ? undefined : handler(turn, context)));
      // One that is to be run again is waited for, however long: it must not run twice at a time.
      const returned = await Promise.race([working, untilGivenUp(controller.signal)]);
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

  /** A handler that ignores its signal may not keep its place for ever. */
  function untilGivenUp(signal: AbortSignal): Promise<undefined> {
    return new Promise((resolve) => {
      signal.addEventListener("abort", () => void clock.after(clientLimits.revokeGraceMs, () => resolve(undefined)), { once: true });
    });
  }

  /** Sends an answer until it counts, or is refused for good. Returns why another one is wanted, if one is. */
  async function handIn(run: Run, event: PostedEvent): Promise<InvalidAnswer | undefined> {
    const { turn } = run;
    const about = { turn: turn.turn, thread: turn.thread };
    const generation = turn.lease.generation;
    await answers.keep({ turn: turn.turn, generation, ...(turn.attempt === undefined ? {} : { attempt: turn.attempt }), event });
    try {
      const { notes } = await outbox.send(event, "own");
      // Such as that it came late and changes nothing.
      note({ level: "info", what: "turn.answered", message: [event.type, ...notes].join("; "), ...about });
      return undefined;
    } catch (error) {
      if (!(error instanceof ClientError) || error.code === "closed" || error.code === "unauthenticated") throw error;
      // Only an accepted event holds its id: an earlier run of this program has answered.
      if (error.code === "id_conflict") return drop(run, "it was answered before");
      const { generation: newest } = run.turn.lease;
      if (newest > generation) return handIn(run, underLease({ turn: turn.turn, generation, event }, newest));
      await answers.forget(turn.turn);
      if (error.code === "output_invalid") return readInvalid(run, error, event);
      const refusal = error.code === "too_large" || error.code === "malformed";
      if (refusal && event.type === "nerve.turn.respond") {
        note({ level: "warn", what: "turn.failed", message: error.message, code: error.code, ...about });
        return handIn(
          run,
          createAnswer(
            run,
            { error: cutToBytes(`the answer was refused: ${error.message}`, clientLimits.errorBytes), retryable: false },
            0,
          ),
        );
      }
      return drop(run, error.message, error.code);
    }
  }

  function readInvalid(run: Run, error: ClientError, event: PostedEvent): InvalidAnswer | undefined {
    const left = Number(error.problem?.["left"] ?? 0);
    const errors = (error.problem?.["errors"] ?? []) as InvalidAnswer["errors"];
    const said = [...new Set(errors.map(({ path, message }) => `${path || "output"}: ${message.replace(/\.$/, "")}`))].join("; ");
    note({
      level: "warn",
      what: "turn.invalid",
      message: `${said || error.message} (${left} left)`,
      turn: run.turn.turn,
      thread: run.turn.thread,
    });
    const { output } = event.data as { output?: InvalidAnswer["output"] };
    return left > 0 ? { errors, left, output: output ?? {} } : undefined;
  }

  function drop(run: Run, why: string, code?: string): undefined {
    const { turn, thread } = run.turn;
    note({ level: "warn", what: "turn.dropped", message: why, turn, thread, ...(code ? { code } : {}) });
  }

  /** The handler of an aborted turn has ended. Closing leaves the turn as it was; a revoked one is over. */
  function leave(run: Run) {
    const reason: unknown = run.controller.signal.reason;
    if (stopped || (reason instanceof ClientError && reason.code === "closed")) throw new ClientError("closed", "the agent was closed");
    drop(run, describeError(reason), "revoked");
  }

  function createProgress(run: Run): TurnContext["progress"] {
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

  function revoke(turn: string, reason: string) {
    const run = runs.get(turn);
    if (!run) return;
    // From now on the same turn, given anew under another lease, is another run.
    runs.delete(turn);
    run.controller.abort(new ClientError("revoked", `the turn was revoked: ${reason}`));
  }

  return {
    assign,
    revoke,
    drain() {
      draining = true;
      for (const wake of queue.splice(0)) wake();
    },
    running: () => [...runs.values()].filter(({ begun, controller }) => begun && !controller.signal.aborted).map(({ turn }) => turn),
    size: () => runs.size,
    idle: () => (runs.size === 0 ? Promise.resolve() : new Promise((resolve) => idlers.push(resolve))),
    stop() {
      stopped = true;
      for (const { controller } of runs.values()) controller.abort(new ClientError("closed", "the agent is closing"));
      for (const wake of queue.splice(0)) wake();
    },
  };
}
