/** The one error of the client: every failure is told by its `code`. */
import { type Problem, type ProblemCode, problemCodes } from "../contract/problem.ts";

/**
 * Why a call failed: the server's own codes, and those of the client. `network`: nothing answered. `closed`: the agent was
 * closed. `outbox_full`: too much is waiting. `revoked`: the turn was taken back. `resumed`: it is run again, with what a person added.
 * `invalid_options`: what `connectAgent` was given can never work.
 * `invalid_options`: what `connectAgent` was given can't work.
 */
export type ClientErrorCode = ProblemCode | "network" | "closed" | "outbox_full" | "revoked" | "resumed" | "invalid_options";

/** A failed call. With a `problem` the server refused it; without one it never got there. */
export class ClientError extends Error {
  readonly code: ClientErrorCode;
  /** What the server said, e.g. `errors` and `left` of `output_invalid`. */
  readonly problem: Problem | undefined;
  /** Whether the same event may be sent again under the same id. */
  readonly retryable: boolean;
  /** Seconds to wait before that, if the server said. */
  readonly retryAfter: number | undefined;

  constructor(code: ClientErrorCode, message: string, options: { problem?: Problem; retryAfter?: number; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = "ClientError";
    this.code = code;
    this.problem = options.problem;
    this.retryable = options.problem?.retryable ?? code === "network";
    this.retryAfter = options.retryAfter ?? options.problem?.retryAfter;
  }
}

/** Makes the error of a problem that the server sent. */
export function refuseBy(problem: Problem, retryAfter?: number): ClientError {
  return new ClientError(problem.code, `${problem.code}: ${problem.detail}`, {
    problem,
    ...(retryAfter === undefined ? {} : { retryAfter }),
  });
}

/**
 * Reads a problem. A code that a newer server has is taken as the nearest that this client knows; what is no problem at all, as a
 * proxy may answer, gives undefined.
 */
export function readProblem(value: unknown): Problem | undefined {
  if (typeof value !== "object" || value === null || !("code" in value) || typeof value.code !== "string") return undefined;
  const problem = value as Problem;
  if (Object.hasOwn(problemCodes, problem.code)) return problem;
  return { ...problem, code: problem.retryable ? "unavailable" : "not_allowed_now" };
}

/** What to say of a thrown value of any kind. */
export function describeError(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
