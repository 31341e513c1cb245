/**
 * The turns that the daemon has open: each is performed once beside the rounds, which go on and show that the daemon is alive. An answer is
 * kept before it is sent, so that a restart sends it again.
 */

import type { CloudEvent, InvalidAnswer, Json, TurnAssigned } from "../../src/client/index.ts";
import { ClientError, TurnFailure } from "../../src/client/index.ts";
import { answerTurn, failTurn } from "../../src/client/sense.ts";
import type { PostedEvent } from "../../src/contract/event.ts";
import type { createProgramHandler } from "../../src/exec/create-program-handler.ts";

/** What became of a turn, before the server has heard of it. */
type Answer = { output: { [field: string]: Json } } | { error: string; retryable: boolean; attempt: number };

/** Plain JSON, for the daemon to store. */
export interface OpenTurns {
  turns: { [turn: string]: { event: CloudEvent; run: string } };
  answers: { [turn: string]: Answer };
}

export interface TurnWorkOptions {
  open: OpenTurns;
  /** Stores what is open. */
  save(): Promise<void>;
  send(event: PostedEvent): Promise<unknown>;
  /** The program of a workflow. */
  program(workflow: string): ReturnType<typeof createProgramHandler>;
  pause(): Promise<void>;
}

export interface TurnWork {
  take(event: CloudEvent, run: string): void;
  /** Goes on with what is open; `turns`: what is open by the server's word, with the newest leases. */
  goOn(turns: TurnAssigned[]): void;
}

export function createTurnWork({ open, save, send, program, pause }: TurnWorkOptions): TurnWork {
  const working = new Map<string, AbortController>();
  const newest = new Map<string, TurnAssigned>();

  async function perform(id: string, signal: AbortSignal): Promise<void> {
    const given = open.turns[id];
    let invalid: InvalidAnswer | undefined;
    for (let turn = newest.get(id); turn && !signal.aborted; turn = newest.get(id)) {
      const kept = open.answers[id];
      const triedAgain = kept && "error" in kept && kept.attempt < (turn.attempt ?? 1);
      const answer = kept && !triedAgain ? kept : await run(turn, signal, invalid);
      if (signal.aborted) return;
      open.answers[id] = answer;
      await save();
      turn = newest.get(id) ?? turn;
      const refused = await sendUntilHeard(
        "output" in answer ? answerTurn(turn, answer.output) : failTurn(turn, new Error(answer.error), answer.retryable),
        signal,
      );
      if (refused?.code === "stale_lease" && newest.get(id)?.lease.generation !== turn.lease.generation) continue;
      delete open.answers[id];
      invalid = readInvalid(refused, answer);
      if (invalid) continue;
      // Given again meanwhile, it is another attempt.
      if (open.turns[id] === given) delete open.turns[id];
      return;
    }
  }

  async function run(turn: TurnAssigned, signal: AbortSignal, invalid: InvalidAnswer | undefined): Promise<Answer> {
    try {
      const { run } = open.turns[turn.turn] as { run: string };
      const unused = () => Promise.reject(new Error("a program sends nothing"));
      const artifacts = {
        put: unused,
        bytes: unused,
        read: () => {
          throw new Error("this agent fetches no artifacts");
        },
      };
      const context = {
        signal,
        artifacts,
        progress: () => {},
        usage: () => {},
        onUpdate: () => {},
        send: unused,
        ...(invalid ? { invalid } : {}),
      };
      return { output: (await program(run)(turn, context)) as { [field: string]: Json } };
    } catch (error) {
      const { message, retryable } = error instanceof TurnFailure ? error : { message: String(error), retryable: false };
      return { error: message, retryable, attempt: turn.attempt ?? 1 };
    }
  }

  async function sendUntilHeard(event: PostedEvent, signal: AbortSignal): Promise<ClientError | undefined> {
    for (;;) {
      try {
        await send(event);
        return undefined;
      } catch (error) {
        if (!(error instanceof ClientError)) throw error;
        if (!error.retryable || error.code === "output_invalid" || signal.aborted) {
          console.error(error.message);
          return error;
        }
        await pause();
      }
    }
  }

  return {
    take(event, run) {
      const turn = event.data as unknown as TurnAssigned;
      open.turns[turn.turn] = { event, run };
      newest.set(turn.turn, turn);
    },
    goOn(turns) {
      for (const turn of turns) if (open.turns[turn.turn]) newest.set(turn.turn, turn);
      for (const id of Object.keys(open.turns)) {
        if (!turns.some(({ turn }) => turn === id)) {
          working.get(id)?.abort();
          newest.delete(id);
          delete open.turns[id];
          delete open.answers[id];
        } else if (!working.has(id)) {
          const controller = new AbortController();
          working.set(id, controller);
          void perform(id, controller.signal).finally(() => working.delete(id));
        }
      }
    },
  };
}

function readInvalid(refused: ClientError | undefined, answer: Answer): InvalidAnswer | undefined {
  const left = Number(refused?.problem?.["left"] ?? 0);
  if (refused?.code !== "output_invalid" || left <= 0 || !("output" in answer)) return undefined;
  return { errors: (refused.problem?.["errors"] ?? []) as unknown as InvalidAnswer["errors"], left, output: answer.output };
}
