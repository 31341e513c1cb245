/** With which problems a route may answer: those that follow from what it takes and who may call, and its own. */
import { type ProblemCode, problemCodes } from "../../contract/problem.ts";
import type { RouteDoc } from "./route-doc.ts";

/** Whoever needs a token may meet these. */
const guarded = ["unauthenticated", "rate_limited", "unavailable", "starting", "bug"] as const;

/** @returns by status, the codes with which a route may answer */
export function listProblems({ route, callers, query, headers, path, body, problems = [] }: RouteDoc): Map<number, ProblemCode[]> {
  // Who may only read is refused wherever something changes.
  const isChange = callers !== "anybody" && !route.startsWith("GET");
  const codes = new Set<ProblemCode>([
    // Of a page, whatever it asks for.
    "origin_not_allowed",
    ...(callers === "anybody" ? [] : guarded),
    ...(callers === "operators" || callers === "admins" || isChange ? (["forbidden"] as const) : []),
    ...(query || headers || body ? (["malformed"] as const) : []),
    ...(path ? (["not_found"] as const) : []),
    ...(body ? (["too_large"] as const) : []),
    ...(headers && "Idempotency-Key" in headers ? (["id_conflict"] as const) : []),
    ...problems,
  ]);
  const byStatus = new Map<number, ProblemCode[]>();
  for (const code of Object.keys(problemCodes) as ProblemCode[]) {
    if (!codes.has(code)) continue;
    const { status } = problemCodes[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return byStatus;
}
