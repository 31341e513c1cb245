/** Problems as something to throw inside a route, and as the HTTP answer they become. */
import type { Json } from "../contract/event.ts";
import type { Problem, ProblemCode, Result } from "../contract/problem.ts";
import { createProblem } from "../contract/problem.ts";

/** Ends a route with a problem. Stays inside the Worker: identity on the wire is the problem's `code`. */
export class ProblemError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(`${problem.code}: ${problem.detail}`);
    this.name = "ProblemError";
    this.problem = problem;
  }
}

/** The error to throw for a problem made here. */
export function problemError(code: ProblemCode, detail: string, extra?: Record<string, Json>): ProblemError {
  return new ProblemError(createProblem(code, detail, extra));
}

/**
 * The value of a result.
 * @throws ProblemError with the problem that another object answered
 */
export function unwrap<T>(result: Result<T>): T {
  if (!result.ok) throw new ProblemError(result.problem);
  return result.value;
}

/** A problem as `application/problem+json`, with the headers that its status asks for. */
export function respondProblem(problem: Problem, headers: Record<string, string> = {}): Response {
  const { status, retryAfter, retryable } = problem;
  return new Response(JSON.stringify(problem), {
    status,
    headers: {
      "content-type": "application/problem+json",
      "cache-control": "no-store",
      ...(status === 401 && { "www-authenticate": "Bearer" }),
      // A status that means "later" without saying when makes clients guess.
      ...(retryable && status !== 422 && { "retry-after": String(Math.max(1, Math.ceil(retryAfter ?? 1))) }),
      ...headers,
    },
  });
}
