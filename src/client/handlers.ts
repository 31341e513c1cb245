/** What the developer of an agent writes: the shapes of handlers, and how the one for a role is found. */
import type { CloudEvent, Json } from "../contract/event.ts";
import type { Artifacts } from "./artifacts.ts";
import type { Accepted, OfferOpened, SaidUsage, TurnAssigned } from "./contract-types.ts";

/** An output: with `$status` where the workflow's graph is in status form. */
export type TurnOutput = { [field: string]: Json | undefined };

/** Why an answer was refused, given to the handler that may answer again. */
export interface InvalidAnswer {
  errors: { path: string; message: string }[];
  /** How many answers are left. */
  left: number;
  /** What was refused. */
  output: { [field: string]: Json };
}

/** What a handler can do beside answering. */
export interface TurnContext {
  /** Aborts when the turn is revoked, is to be run again, or the agent closes without waiting: whatever is answered then goes nowhere. */
  signal: AbortSignal;
  /** There from the second answer on. */
  invalid?: InvalidAnswer;
  /** Tells how far it is; `details` travel in the hand-over to another agent. Of several waiting ones only the last is sent. */
  progress(note: string, details?: Json): void;
  /**
   * Says what the work took of a language model. What several calls say adds up, and travels with the answer or the failure. What no
   * server takes (less than nothing, no number, too much) is noted as `usage.dropped`, and costs no answer.
   */
  usage(took: SaidUsage): void;
  /**
   * Hears when the turn's thread is resumed while the handler runs, with the turn as it is now: `resumed` says why, and what a person added.
   * The listener that returns `"restart"` has the handler's signal aborted and, once it has ended, the handler run again with that turn; else
   * the handler goes on. Without a listener it is run again if there is a supplement, which its answer must know of.
   */
  onUpdate(listener: TurnListener): void;
  /** Uploads and fetches what is larger than an output may be: its output names what `put` returns. */
  artifacts: Artifacts;
  /** Sends an event that this turn caused. */
  send(event: EventToSend): Promise<Accepted>;
}

/** Takes a turn that was given again. */
// biome-ignore lint/suspicious/noConfusingVoidType: a listener that returns nothing is what most are
export type TurnListener = (turn: TurnAssigned) => "restart" | undefined | void;

/**
 * Takes a turn and returns its output (or {@link withBody}). What it throws fails the turn; see {@link TurnFailure}.
 * @example async (turn, { progress }) => ({ $status: "approved", summary: await review(turn.prompt) })
 */
export type TurnHandler = (turn: TurnAssigned, context: TurnContext) => TurnOutput | OutputWithBody | Promise<TurnOutput | OutputWithBody>;

/** One handler for all turns, or one per `workflow/role`, `workflow/*`, `&#42;/role` or `*`. */
export type TurnHandlers = TurnHandler | { [role: string]: TurnHandler };

/** Takes the offer, perhaps with a bid; refuses it; or leaves it open, saying nothing. */
export type OfferDecision = "claim" | "decline" | "ignore" | { bid: Json; card?: Json } | { decline: string };

/** Judges an offer; asked only while a slot is free. Absent, every offer with a handler is claimed. */
export type OfferHandler = (offer: OfferOpened) => OfferDecision | Promise<OfferDecision>;

/** Takes an event that is neither an offer nor a turn: one at a time, in order. Acknowledged when it returns or throws. */
export type EventHandler = (event: CloudEvent) => void | Promise<void>;

/** An event to send. `id` is the idempotency key; made where absent. */
export interface EventToSend {
  type: string;
  data?: Json | undefined;
  id?: string | undefined;
  /** `*`, or a comma-separated list of `agents/x`, `cap:x`, `role:x`, `workflows/x`. */
  to?: string | undefined;
  correlationid?: string | undefined;
  causationid?: string | undefined;
  [attribute: string]: Json | undefined;
}

const body = Symbol("nerveflare.body");

/** An output with free text under it. */
export interface OutputWithBody<Output = TurnOutput> {
  output: Output;
  [body]: string;
}

/** Puts free text under an output: the next prompt sees it as `_body`. */
export function withBody<const Output extends object>(output: Output, text: string): OutputWithBody<Output> {
  return { output, [body]: text };
}

/**
 * Splits what a handler returned, as it will travel; undefined if it is no output.
 * @throws TypeError for what JSON cannot say: a cycle, a BigInt
 */
export function readAnswer(answer: unknown): { output: { [field: string]: Json }; body?: string } | undefined {
  if (typeof answer !== "object" || answer === null) return undefined;
  const output: unknown = JSON.parse(JSON.stringify(body in answer ? (answer as OutputWithBody).output : answer) ?? "null");
  if (typeof output !== "object" || output === null || Array.isArray(output)) return undefined;
  return { output: output as { [field: string]: Json }, ...(body in answer ? { body: (answer as OutputWithBody)[body] } : {}) };
}

/** Thrown by a handler to fail its turn and say whether another attempt may go better; any other error is not retryable. */
export class TurnFailure extends Error {
  readonly retryable: boolean;

  constructor(message: string, options: { retryable?: boolean; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = "TurnFailure";
    this.retryable = options.retryable ?? false;
  }
}

/** Finds the handler of a role, the most particular first. */
export function findTurnHandler(handlers: TurnHandlers | undefined, workflow: string, role: string): TurnHandler | undefined {
  if (typeof handlers !== "object") return handlers;
  for (const key of [`${workflow}/${role}`, `${workflow}/*`, `*/${role}`, "*"]) {
    if (Object.hasOwn(handlers, key)) return handlers[key];
  }
  return undefined;
}

/** The same handlers, each behind a check that throws where the turn is not to be performed. */
export function guardTurns(handlers: TurnHandlers, check: (turn: TurnAssigned) => Promise<void>): TurnHandlers {
  const guard =
    (perform: TurnHandler): TurnHandler =>
    async (turn, context) => {
      await check(turn);
      return perform(turn, context);
    };
  return typeof handlers === "function"
    ? guard(handlers)
    : Object.fromEntries(Object.entries(handlers).map(([role, perform]) => [role, guard(perform)]));
}
