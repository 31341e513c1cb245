/** The HTTP API, as the page calls it: with the session's cookie, and typed by the contract. */
import type { Json } from "../../contract/event.ts";
import type { Answer, answers } from "../../contract/http/answers.ts";
import type { Problem } from "../../contract/problem.ts";
import { inspectorLimits } from "./limits.ts";
import { makeRandomId } from "./random-id.ts";

/** What went wrong with a call, in words for whoever looks. */
export class ApiError extends Error {
  /** The problem's code; `network`: no answer came. */
  readonly code: Problem["code"] | "network";
  readonly status: number;
  readonly problem: Problem | undefined;
  constructor(message: string, status: number, problem?: Problem) {
    super(message);
    this.name = "ApiError";
    this.code = problem?.code ?? "network";
    this.status = status;
    this.problem = problem;
  }
}

/** A position that no log gets to, and the largest that the API takes: before it comes the newest. */
export const beyondAll = 999_999_999_999_999;

type Query = { readonly [name: string]: string | number | boolean | undefined };

/** Proves that a change comes from this page, and not from another that a browser adds the cookie for. */
let csrf = "";

/** @param token as the session's answer has it */
export function setCsrf(token: string): void {
  csrf = token;
}

/** Hears of every answer that says that nobody is signed in. */
let onSignedOut = (): void => {};
export function whenSignedOut(hear: () => void): void {
  onSignedOut = hear;
}

/**
 * Reads `path`, whose answer the contract calls `Name`: `read<"threads">("/v1/threads")`.
 * @param signal ends it when nobody looks any more
 * @throws {ApiError}
 */
export async function read<Name extends keyof typeof answers>(
  path: string,
  { query = {}, signal }: { query?: Query; signal?: AbortSignal | undefined } = {},
): Promise<Answer<Name>> {
  const known = Object.entries(query).filter(([, value]) => value !== undefined && value !== "");
  const search = new URLSearchParams(known.map(([name, value]) => [name, String(value)]));
  return (await call("GET", known.length === 0 ? path : `${path}?${search}`, { signal })) as Answer<Name>;
}

/**
 * Changes something, once: sent again after a lost answer it is known by its key.
 * @throws {ApiError}
 */
export async function change(method: "POST" | "PUT" | "PATCH" | "DELETE", path: string, body?: Json): Promise<Json> {
  return (await call(method, path, {
    body: body === undefined ? undefined : JSON.stringify(body),
    headers: {
      "idempotency-key": makeRandomId(),
      ...(body !== undefined && { "content-type": "application/json" }),
    },
  })) as Json;
}

/**
 * Any call, with what makes it the session's.
 * @returns what the answer's JSON says; null: it has no body
 * @throws {ApiError}
 */
export async function call(
  method: string,
  path: string,
  { body, headers, signal }: { body?: string | undefined; headers?: Record<string, string>; signal?: AbortSignal | undefined } = {},
): Promise<unknown> {
  const limit = AbortSignal.timeout(inspectorLimits.answer);
  const init: RequestInit = {
    method,
    headers: { ...headers, ...(method !== "GET" && { "x-csrf-token": csrf }) },
    signal: signal ? AbortSignal.any([signal, limit]) : limit,
    ...(body !== undefined && { body }),
  };
  const answer = await fetch(path, init).catch((error: Error) => {
    if (signal?.aborted) throw error;
    throw new ApiError("The server does not answer. It may be starting again, or the network is away.", 0);
  });
  const text = await answer.text();
  if (!answer.ok) throw refuse(answer, text);
  return text === "" ? null : (JSON.parse(text) as unknown);
}

/** The error that an answer stands for. Whoever is signed out hears of it. */
export function refuse(answer: Response, text: string): ApiError {
  const problem = readProblem(text);
  if (answer.status === 401) onSignedOut();
  return new ApiError(problem?.detail ?? `The server answered ${answer.status}.`, answer.status, problem);
}

function readProblem(text: string): Problem | undefined {
  try {
    const said = JSON.parse(text) as Problem;
    return typeof said?.code === "string" ? said : undefined;
  } catch {
    return undefined;
  }
}
