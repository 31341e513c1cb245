/**
 * The turns that a model has in hand: each a promise that the agent library waits for, settled by what the model does with it. Knows no
 * protocol; what became of an answer it hears from the library's notes.
 */
import { createBoundedMap } from "../client/bounded.ts";
import { describeError } from "../client/client-error.ts";
import type { TurnAssigned } from "../client/contract-types.ts";
import {
  type InvalidAnswer,
  type OutputWithBody,
  type TurnContext,
  TurnFailure,
  type TurnHandler,
  type TurnOutput,
  withBody,
} from "../client/handlers.ts";
import type { Note } from "../client/note.ts";
import { mcpLimits } from "./limits.ts";
import type { ReadAnswer } from "./read-answer.ts";

/** A turn that waits for its answer. */
export interface TurnInHand {
  /** As it was given last. */
  turn: TurnAssigned;
  /** Whether a result has shown it, as it is now. */
  shown: boolean;
  /** Why the answer before was refused. */
  invalid: InvalidAnswer | undefined;
  context: TurnContext;
  /** An answer is on its way to the server. */
  sending: boolean;
}

/** How a turn ended. `answer`: what this process answered. */
export interface EndedTurn {
  how: "answered" | "failed" | "revoked" | "dropped";
  message: string;
  code?: string;
  answer?: string;
}

/** What became of an answer. */
export type Settled = { kind: "invalid"; invalid: InvalidAnswer } | { kind: "ended"; ended: EndedTurn };

export interface TurnsInHand {
  /** Performs a turn: holds it until the model is done with it. */
  perform: TurnHandler;
  /** Hears what became of answers. */
  note(note: Note): void;
  open(): TurnInHand[];
  find(turn: string): TurnInHand | undefined;
  findEnded(turn: string): EndedTurn | undefined;
  /** Hands an answer in; the turn must be open and no answer on its way. */
  answer(turn: string, answer: ReadAnswer): Promise<Settled>;
  fail(turn: string, error: string, retryable: boolean): Promise<Settled>;
  /** Settles what is on its way, or nothing where nothing is. */
  settled(turn: string): Promise<Settled> | undefined;
}

interface Entry extends TurnInHand {
  settle(answer: TurnOutput | OutputWithBody | TurnFailure): void;
  answer?: string;
}

interface Pending {
  promise: Promise<Settled>;
  settle(settled: Settled): void;
}

/** Makes {@link TurnsInHand}; `changed` is called when a turn comes, changes or goes, `ended` when one goes that was shown and not answered here. */
export function createTurnsInHand(hooks: { changed(): void; lost(turn: TurnAssigned, ended: EndedTurn): void }): TurnsInHand {
  const inHand = new Map<string, Entry>();
  const pending = new Map<string, Pending>();
  const over = createBoundedMap<string, EndedTurn>(mcpLimits.endedTurns);

  function end(turn: string, ended: EndedTurn) {
    const entry = inHand.get(turn);
    const waiting = pending.get(turn);
    inHand.delete(turn);
    pending.delete(turn);
    over.set(turn, { ...ended, ...(entry?.answer !== undefined && { answer: entry.answer }) });
    waiting?.settle({ kind: "ended", ended });
    if (entry?.shown && !waiting) hooks.lost(entry.turn, ended);
    hooks.changed();
  }

  function perform(turn: TurnAssigned, context: TurnContext): Promise<TurnOutput | OutputWithBody> {
    const { invalid } = context;
    return new Promise((resolve, reject) => {
      const waiting = invalid && pending.get(turn.turn);
      pending.delete(turn.turn);
      const entry: Entry = {
        ...{ turn, context, invalid, sending: false },
        // Whoever waits for what became of the answer is told; a refusal that comes later is shown like a new turn.
        shown: waiting !== undefined,
        settle: (answer) => (answer instanceof TurnFailure ? reject(answer) : resolve(answer)),
      };
      inHand.set(turn.turn, entry);
      if (waiting && invalid) waiting.settle({ kind: "invalid", invalid });
      context.onUpdate((now) => {
        Object.assign(entry, { turn: now, shown: false });
        hooks.changed();
        return undefined;
      });
      context.signal.addEventListener("abort", () => {
        if (inHand.get(turn.turn) === entry)
          end(turn.turn, { how: "revoked", message: describeError(context.signal.reason), code: "turn_over" });
        reject(context.signal.reason instanceof Error ? context.signal.reason : new Error("aborted"));
      });
      hooks.changed();
    });
  }

  function send(id: string, answer: TurnOutput | OutputWithBody | TurnFailure, said?: string): Promise<Settled> {
    const entry = inHand.get(id);
    if (!entry) throw new Error(`no turn ${id} is in hand`);
    entry.sending = true;
    if (said !== undefined) entry.answer = said;
    let settle: Pending["settle"] = () => {};
    const promise = new Promise<Settled>((resolve) => {
      settle = resolve;
    });
    pending.set(id, { promise, settle });
    entry.settle(answer);
    return promise;
  }

  return {
    perform,
    note({ what, turn, message, code }) {
      if (turn === undefined) return;
      const how = endings[what];
      // An answer of an earlier run of this program may end a turn that no model has seen.
      if (how === undefined || (what === "turn.dropped" && code === "revoked" && !inHand.has(turn))) return;
      const failed = what === "turn.answered" && message.startsWith("nerve.turn.fail");
      end(turn, { how: failed ? "failed" : how, message, ...(code !== undefined && { code }) });
    },
    open: () => [...inHand.values()],
    find: (turn) => inHand.get(turn),
    findEnded: (turn) => (inHand.has(turn) ? undefined : over.get(turn)),
    answer: (turn, { output, body }) => send(turn, body === undefined ? output : withBody(output, body), identifyAnswer({ output, body })),
    fail: (turn, error, retryable) => send(turn, new TurnFailure(error, { retryable })),
    settled: (turn) => pending.get(turn)?.promise,
  };
}

/** Two answers that say the same are the same. */
export function identifyAnswer({ output, body }: ReadAnswer): string {
  return JSON.stringify([output, body ?? null]);
}

/** Notes of the library that end a turn. */
const endings: { readonly [what: string]: EndedTurn["how"] } = {
  "turn.answered": "answered",
  "turn.dropped": "dropped",
  "turn.broken": "dropped",
};
