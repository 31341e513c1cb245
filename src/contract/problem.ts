/**
 * Errors on the wire: RFC 9457 problem details with a stable `code`. The code is the error's identity: class identity
 * does not cross RPC, sockets or HTTP.
 */
import type { Json } from "./event.ts";

/** Every code: its HTTP status, its number in the catalogue (8xxx protocol, 7xxx retryable), and whether to send the same again. */
export const problemCodes = {
  malformed: { status: 400, nrv: 8001, retryable: false },
  unknown_kind: { status: 400, nrv: 8002, retryable: false },
  source_mismatch: { status: 400, nrv: 8003, retryable: false },
  unauthenticated: { status: 401, nrv: 8004, retryable: false },
  forbidden: { status: 403, nrv: 8005, retryable: false },
  not_found: { status: 404, nrv: 8006, retryable: false },
  id_conflict: { status: 409, nrv: 8007, retryable: false },
  stale_lease: { status: 409, nrv: 8008, retryable: false },
  turn_over: { status: 409, nrv: 8009, retryable: false },
  offer_closed: { status: 409, nrv: 8010, retryable: false },
  already_exists: { status: 409, nrv: 8011, retryable: false },
  output_invalid: { status: 422, nrv: 8012, retryable: true },
  workflow_invalid: { status: 422, nrv: 8013, retryable: false },
  too_large: { status: 413, nrv: 8014, retryable: false },
  not_allowed_now: { status: 409, nrv: 8015, retryable: false },
  method_not_allowed: { status: 405, nrv: 8016, retryable: false },
  mapping_failed: { status: 422, nrv: 8018, retryable: false },
  origin_not_allowed: { status: 403, nrv: 8017, retryable: false },
  upload_offset: { status: 409, nrv: 8021, retryable: false },
  hash_mismatch: { status: 422, nrv: 8019, retryable: false },
  artifact_unknown: { status: 422, nrv: 8020, retryable: false },
  storage_full: { status: 507, nrv: 7005, retryable: true },
  rate_limited: { status: 429, nrv: 7001, retryable: true },
  unavailable: { status: 503, nrv: 7002, retryable: true },
  starting: { status: 503, nrv: 7004, retryable: true },
  mailbox_full: { status: 503, nrv: 7003, retryable: true },
  bug: { status: 500, nrv: 9001, retryable: false },
} as const;

/** A stable error code. */
export type ProblemCode = keyof typeof problemCodes;

/** A problem as it travels: the body of an HTTP error, and the `error` of a socket's `rejected` frame. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: ProblemCode;
  /** The catalogue's number, e.g. `NRV8001`. */
  nrv: string;
  retryable: boolean;
  /** Seconds. */
  retryAfter?: number;
  [extra: string]: Json | undefined;
}

/**
 * Makes a problem.
 * @param detail what happened and what to do, one or two sentences
 * @param extra further members, e.g. `errors`, `left`, `limit`
 */
export function createProblem(code: ProblemCode, detail: string, extra: Record<string, Json> = {}): Problem {
  const { status, nrv, retryable } = problemCodes[code];
  return {
    type: `https://nerveflare.dev/problems/${code}`,
    title: code.replaceAll("_", " "),
    status,
    detail,
    code,
    nrv: `NRV${nrv}`,
    retryable,
    ...extra,
  };
}

/** Either a value or the problem that kept it from being: what calls between objects return, since classes don't cross. */
export type Result<T> = { ok: true; value: T } | { ok: false; problem: Problem };

/** A {@link Result} that went wrong. */
export function refuse(code: ProblemCode, detail: string, extra?: Record<string, Json>): { ok: false; problem: Problem } {
  return { ok: false, problem: createProblem(code, detail, extra) };
}

/** A {@link Result} that went right. */
export function succeed<T>(value: T): { ok: true; value: T } {
  return { ok: true, value };
}
