/** Our problems as the protocol's errors, which the SDK writes for each binding. Knows problems, no transport. */
import {
  A2AError,
  ContentTypeNotSupportedError,
  RequestMalformedError,
  TaskNotFoundError,
  UnsupportedOperationError,
} from "@a2a-js/sdk/errors";
import type { Problem, ProblemCode } from "../../../contract/problem.ts";
import { ProblemError, problemError } from "../../problem-error.ts";

type Make = new (options: { message: string; metadata: Record<string, string> }) => A2AError;

/** Which of the protocol's errors a problem is, by its status; what it has no word for stays a plain error, with our code beside it. */
function chooseKind({ code, status }: Problem): Make {
  if (status === 404) return TaskNotFoundError;
  // What is sent again as it is never gets better.
  if ([400, 413, 422].includes(status) || code === "id_conflict" || code === "already_exists") return RequestMalformedError;
  if (status === 405 || status === 409) return UnsupportedOperationError;
  return A2AError;
}

/** The error with the problem's code, number and whether to send the same again, in its metadata. */
export function toA2AError(problem: Problem, make: Make = chooseKind(problem)): A2AError {
  const { code, nrv, status, retryable, retryAfter } = problem;
  return new make({
    message: problem.detail,
    metadata: {
      ...{ code, nrv, status: String(status), retryable: String(retryable) },
      ...(retryAfter !== undefined && { retryAfter: String(retryAfter) }),
      ...(Array.isArray(problem["errors"]) && { errors: JSON.stringify(problem["errors"]) }),
      ...(typeof problem["limit"] === "number" && { limit: String(problem["limit"]) }),
    },
  });
}

/** Whatever a handler threw, as the protocol's error; what is a fault of ours is thrown on, for the app to log. */
export function carryError(error: unknown): A2AError {
  if (error instanceof ProblemError) return toA2AError(error.problem);
  if (error instanceof A2AError) return error;
  throw error;
}

/** Makes an error of the kind given, with our code beside it. */
function refuseAs(make: Make, code: ProblemCode, detail: string): A2AError {
  return toA2AError(problemError(code, detail).problem, make);
}

export const refuseContent = (detail: string): A2AError => refuseAs(ContentTypeNotSupportedError, "malformed", detail);
export const refuseNow = (detail: string): A2AError => refuseAs(UnsupportedOperationError, "not_allowed_now", detail);
export const malformed = (detail: string): A2AError => refuseAs(RequestMalformedError, "malformed", detail);
