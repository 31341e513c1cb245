/** Calls the HTTP API with a token, and turns whatever goes wrong into a {@link ClientError}. Knows no call by name. */
import { createProblem, type Problem, type ProblemCode } from "../contract/problem.ts";
import { ClientError, describeError, readProblem, refuseBy } from "./client-error.ts";
import type { Clock } from "./clock.ts";
import type { Fetch } from "./fetch.ts";
import { clientLimits } from "./limits.ts";
import { explainUnread } from "./page.ts";
import { type GetToken, sendWithToken } from "./token.ts";

/** One call. */
export interface HttpCall {
  /** Sent as it is. */
  body?: string;
  /** Of the body; `application/json` unless told. */
  contentType?: string;
  /** Beside the usual ones. */
  headers?: Record<string, string>;
  /** Milliseconds until the call counts as lost: to the first word of the answer, then the usual for the rest. */
  timeoutMs?: number;
  signal?: AbortSignal;
}

/** Calls the API. */
export interface HttpCaller {
  /**
   * @param path with its query, without a leading slash: `v1/me`
   * @returns the parsed body, or null where there is none
   * @throws ClientError with the server's problem, or `network`
   */
  call(method: string, path: string, call?: HttpCall): Promise<unknown>;
  /**
   * Opens a stream of events.
   * @throws ClientError with the server's problem, or `network`
   */
  stream(path: string, signal: AbortSignal, headers?: Record<string, string>): Promise<ReadableStream<Uint8Array>>;
}

/** Makes a {@link HttpCaller}. A path in `url` is kept, so a server may live under a prefix. */
export function createHttpCaller(options: { url: string; token?: string | GetToken | undefined; fetch: Fetch; clock: Clock }): HttpCaller {
  const { clock } = options;
  const fetch = sendWithToken(options.fetch, options.token);

  async function failed(method: string, path: string, error: unknown, { aborted }: AbortSignal): Promise<ClientError> {
    if (error instanceof ClientError) return error;
    const advice = aborted ? "" : await explainUnread(resolveUrl(options.url, "healthz"), options.fetch);
    return new ClientError("network", `${method} ${nameCall(path)}: ${describeCause(error)}${advice}`, { cause: error });
  }

  return {
    async stream(path, signal, more = {}) {
      const headers = { accept: "text/event-stream", ...more };
      const response = await fetch(resolveUrl(options.url, path), { method: "GET", headers, signal }).catch(async (error: unknown) => {
        throw await failed("GET", path, error, signal);
      });
      if (response.ok && response.body && response.headers.get("content-type")?.startsWith("text/event-stream")) return response.body;
      throw readRefusal(response, await response.text());
    },
    async call(method, path, { body, contentType = "application/json", timeoutMs = clientLimits.answerMs, signal, headers: more } = {}) {
      const controller = new AbortController();
      const abort = () => controller.abort(signal?.reason);
      signal?.addEventListener("abort", abort, { once: true });
      if (signal?.aborted) abort();
      const watch = (ms: number) => clock.after(ms, () => controller.abort(new ClientError("network", `no answer within ${ms} ms`)));
      let stopTimer = watch(timeoutMs);
      const headers: Record<string, string> = { accept: "application/json", ...more };
      if (body !== undefined) headers["content-type"] = contentType;
      try {
        const url = resolveUrl(options.url, path);
        const response = await fetch(url, { method, headers, signal: controller.signal, ...(body === undefined ? {} : { body }) });
        stopTimer();
        stopTimer = watch(clientLimits.answerMs);
        const text = await response.text();
        if (!response.ok) throw readRefusal(response, text);
        return text === "" ? null : parseBody(text, url);
      } catch (error) {
        throw await failed(method, path, error, controller.signal);
      } finally {
        stopTimer();
        signal?.removeEventListener("abort", abort);
      }
    },
  };
}

/**
 * Opens an answer that streams; reading it is the caller's.
 * @throws ClientError with the server's problem, or `network`
 */
export async function openStream(request: {
  url: string;
  token: string;
  path: string;
  headers: Record<string, string>;
  signal: AbortSignal;
}): Promise<Response> {
  const { url, token, path, headers, signal } = request;
  let response: Response;
  try {
    response = await fetch(resolveUrl(url, path), { headers: { ...headers, authorization: `Bearer ${token}` }, signal });
  } catch (error) {
    throw new ClientError("network", `GET ${nameCall(path)}: ${describeCause(error)}`, { cause: error });
  }
  if (!response.ok) throw readRefusal(response, await response.text());
  return response;
}

/** Resolves a path of the API against the server's address. */
export function resolveUrl(base: string, path: string): string {
  return new URL(path, base.endsWith("/") ? base : `${base}/`).href;
}

/** For people: the query is long, and says nothing of why a call failed. */
function nameCall(path: string): string {
  return path.replace(/\?.*$/, "");
}

/** `fetch` says only "fetch failed"; why is in its cause. */
function describeCause(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause instanceof AggregateError && cause.errors.length > 0) return describeError(cause.errors[0]);
  return describeError(cause ?? error);
}

function parseBody(text: string, url: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ClientError("network", `${url} did not answer in JSON; is this a nerveflare server?`, { cause });
  }
}

/** Begins what is said of an answer that is not the server's own: a proxy's page, another program at that port. A status follows. */
export const foreignAnswer = "something other than a nerveflare server answered ";

/** What a server, or something before it, refused with. */
export function readRefusal(response: Response, text: string): ClientError {
  const header = Number(response.headers.get("retry-after") ?? Number.NaN);
  const retryAfter = Number.isFinite(header) ? header : undefined;
  const problem = readOwnProblem(response, text);
  if (problem) return refuseBy(problem, problem.retryAfter ?? retryAfter);
  // Something between us and the server wrote it. What it says of the token, the path or the event is not the server's word.
  const detail = `${foreignAnswer}${response.status}${text ? `: ${text.slice(0, 200)}` : ""}`;
  return refuseBy(createProblem(codeOfStatus(response.status), detail), retryAfter);
}

/** The problem in an answer, if it is the server's own: JSON, with a code, of the status that it came with. */
function readOwnProblem(response: Response, text: string): Problem | undefined {
  if (!/^application\/(problem\+)?json\b/.test(response.headers.get("content-type") ?? "")) return undefined;
  try {
    const problem = readProblem(JSON.parse(text));
    return problem && typeof problem.detail === "string" && problem.status === response.status ? problem : undefined;
  } catch {
    return undefined;
  }
}

/** What is refused for its size will be again, and who is told to wait does; all else may go better. */
function codeOfStatus(status: number): ProblemCode {
  if (status === 413) return "too_large";
  return status === 429 ? "rate_limited" : "unavailable";
}
