/**
 * Performs turns: each once, however often it is given, at most so many at a time; answers until the answer counts or is
 * refused for good. A turn's event is acknowledged only then, so that a crash before has it given again.
 */

import type { CloudEvent } from "../contract/event.ts";
import type { TurnAssigned } from "../contract/kinds/turn.ts";
import { createAnswer, underLease } from "./answer-event.ts";
import type { Answers, KeptAnswer } from "./answers.ts";
import type { Artifacts } from "./artifacts.ts";
import { ClientError, describeError } from "./client-error.ts";
import type { Clock } from "./clock.ts";
import { handIn } from "./hand-in.ts";
import { createHandlerRunner } from "./handler-runner.ts";
import type { InvalidAnswer, TurnHandlers } from "./handlers.ts";
import { clientLimits } from "./limits.ts";
import type { MeReader } from "./me.ts";
import type { TakeNote } from "./note.ts";
import type { Outbox } from "./outbox.ts";
import { createSlotQueue } from "./slot-queue.ts";
import { createTurnRun, noteDropped, type TurnRun } from "./turn-run.ts";

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
  artifacts: Artifacts;
  clock: Clock;
  newId: () => string;
  note: TakeNote;
  /** A turn is over: it was answered, lost or dropped. */
  ended: (turn: TurnAssigned) => void;
}

/** A turn that failed is given again to be performed again; what was answered is not. */
function isTriedAgain({ event, attempt = 1 }: KeptAnswer, turn: TurnAssigned): boolean {
  return event.type === "nerve.turn.fail" && attempt < (turn.attempt ?? 1);
}

/** Makes {@link Turns}. */
export function createTurns(options: TurnsOptions): Turns {
  const { answers, me, clock, note } = options;
  const runs = new Map<string, TurnRun>();
  const idlers: (() => void)[] = [];
  const slots = createSlotQueue(options.slots);
  const runner = createHandlerRunner({ ...options, revoke });
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
      if (turn.resumed && same.event.id !== event.id) runner.update(same);
      same.event = event;
      return;
    }
    const run = createTurnRun(turn, event, done);
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

  function end(run: TurnRun, over: boolean) {
    if (runs.get(run.turn.turn) === run) runs.delete(run.turn.turn);
    if (over) {
      options.ended(run.turn);
      for (const done of run.dones) done();
    }
    if (runs.size === 0) for (const wake of idlers.splice(0)) wake();
  }

  async function carryOut(run: TurnRun): Promise<void> {
    const kept = answers.find(run.turn.turn);
    let invalid: InvalidAnswer | undefined;
    if (kept && !isTriedAgain(kept, run.turn)) {
      note({ level: "info", what: "turn.repeated", message: "seen again: sending the answer that was made", turn: run.turn.turn });
      invalid = await handIn(run, underLease(kept, run.turn.lease.generation), options);
      // Nobody had heard of it: that it is refused now is to be mended as ever.
      if (!invalid) return;
    } else if (await isOver(run, me, clock)) return noteDropped(note, run, "it was over before it was given");
    await takePlace(run);
    try {
      await perform(run, invalid);
    } finally {
      slots.release();
    }
  }

  async function takePlace(run: TurnRun): Promise<void> {
    run.begun = slots.tryTake();
    if (run.begun) return;
    note({ level: "info", what: "turn.waiting", message: "all slots are taken", turn: run.turn.turn });
    await slots.wait();
    if (draining) run.controller.abort(new ClientError("closed", "the agent is closing"));
    run.begun = !draining;
  }

  /** @param refused why the answer before is not taken, if there was one */
  async function perform(run: TurnRun, refused?: InvalidAnswer): Promise<void> {
    let invalid = refused;
    let left = refused?.left ?? Number.POSITIVE_INFINITY;
    for (let attempt = 1; left > 0; attempt++) {
      const data = await runner.settle(run, invalid);
      if (run.controller.signal.aborted) return leave(run);
      invalid = await handIn(run, createAnswer(run, data, attempt), options);
      // The server counts; that its count falls is what ends this loop.
      left = Math.min(left - 1, invalid?.left ?? 0);
    }
  }

  /** The handler of an aborted turn has ended. Closing leaves the turn as it was; a revoked one is over. */
  function leave(run: TurnRun) {
    const reason: unknown = run.controller.signal.reason;
    if (stopped || (reason instanceof ClientError && reason.code === "closed")) throw new ClientError("closed", "the agent was closed");
    noteDropped(note, run, describeError(reason), "revoked");
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
      slots.letGo();
    },
    running: () => [...runs.values()].filter(({ begun, controller }) => begun && !controller.signal.aborted).map(({ turn }) => turn),
    size: () => runs.size,
    idle: () => (runs.size === 0 ? Promise.resolve() : new Promise((resolve) => idlers.push(resolve))),
    stop() {
      stopped = true;
      for (const { controller } of runs.values()) controller.abort(new ClientError("closed", "the agent is closing"));
      slots.letGo();
    },
  };
}

/** A turn from before this connection may have been answered, or lost, while the acknowledgement was: the server knows. */
async function isOver({ turn, event }: TurnRun, me: MeReader, clock: Clock): Promise<boolean> {
  const old = clock.now() - Date.parse(event.time) > clientLimits.staleMs;
  if (!old) return false;
  const now = await me.share().catch(() => undefined);
  if (!now || Date.parse(now.now) - Date.parse(event.time) <= clientLimits.staleMs) return false;
  return !now.turns.some((open) => open.turn === turn.turn);
}
