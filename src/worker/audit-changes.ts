/**
 * The audit of operators' decisions: one middleware over all that changes something, so that a new route is covered by
 * being there. Writes before and after; a decision that could not be written down is not carried out.
 */

import type { Context, MiddlewareHandler } from "hono";
import type { Json } from "../contract/event.ts";
import { exceedsBytes } from "../contract/limits.ts";
import type { AppEnv, AppPorts } from "./app-ports.ts";
import { beginDecision, finishDecision } from "./audit-store.ts";
import { isA2a } from "./authenticate.ts";
import { type ListedRoute, matchRoute } from "./match-route.ts";
import { recallBody } from "./read-body.ts";

/** Calls that decide nothing about the system: what was said is in the event log, and a ticket or a session changes nothing. */
const undecided = [
  "POST /v1/events",
  "POST /v1/inbox/ack",
  "POST /v1/tickets",
  "POST /v1/session",
  "DELETE /v1/session",
  "POST /v1/hooks/:name/test",
  "POST /mcp",
  "POST /v1/artifacts",
  "PATCH /v1/uploads/:upload",
  "DELETE /v1/uploads/:upload",
];

/** Bytes of a request's body that are kept. A longer body is not kept at all: half of it would mislead. */
const detailBytes = 2_048;

const verbs: { [method: string]: string } = { POST: "create", PUT: "publish", PATCH: "change", DELETE: "delete" };

/** @param routes the app's, asked anew for each request: they are added after this */
export function auditChanges(ports: AppPorts, routes: () => ListedRoute[]): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const principal = c.get("principal");
    const { method, path } = c.req;
    const route = Object.hasOwn(verbs, method) ? matchRoute(routes(), method, path) : undefined;
    if (!("operator" in principal) || !route || undecided.includes(`${method} ${route.pattern}`) || isA2a(path)) return next();
    const target = route.parameters[0]?.slice(0, 256) ?? null;
    const decision = { operator: principal.operator, action: nameAction(method, route.pattern), target, path: path.slice(0, 512) };
    const position = await beginDecision(ports.db, decision, ports.now());
    await next();
    const answer = await readAnswer(c);
    const detail = readDetail(c);
    const named = target ?? readName(detail) ?? readName(answer);
    try {
      await finishDecision(ports.db, position, { status: c.res.status, code: readCode(c, answer), target: named, detail });
    } catch (error) {
      // The order was carried out. Leave its row `unknown`: an answer that says "failed" would be worse.
      ports.log({ level: "error", at: "audit", position, message: String(error) });
    }
  };
}

/** `POST /v1/threads/:id/cancel` is `threads.cancel`, `DELETE /v1/agents/:id` is `agents.delete`. */
export function nameAction(method: string, pattern: string): string {
  // The audit has one word for an order, whether its old or its new route was called.
  const segments = pattern.replace("/v1/parked", "/v1/dead-letters").split("/").slice(2);
  const words = segments.filter((segment) => !segment.startsWith(":"));
  const isNamed = words.length > 1 && (method !== "DELETE" || !segments.at(-1)?.startsWith(":"));
  return isNamed ? words.join(".") : [...words, verbs[method]].join(".");
}

async function readAnswer(c: Context<AppEnv>): Promise<unknown> {
  if (!c.res.headers.get("content-type")?.includes("json")) return undefined;
  try {
    return await c.res.clone().json();
  } catch {
    return undefined;
  }
}

function readDetail(c: Context<AppEnv>): Json | undefined {
  const text = recallBody(c.req.raw);
  if (text === undefined || exceedsBytes(text, detailBytes)) return undefined;
  try {
    // Whoever may read the log of decisions must not have what proves a sender.
    return JSON.parse(text, (name, value: Json) => (name === "secret" ? "…" : value)) as Json;
  } catch {
    return undefined;
  }
}

/** What a creation is about: whom the caller named, or the answer. */
function readName(value: unknown): string | null {
  if (typeof value !== "object" || value === null) return null;
  const { id, name, agent } = value as { [field: string]: unknown };
  const found = [agent, name, id].find((field) => typeof field === "string") as string | undefined;
  return found?.slice(0, 256) ?? null;
}

function readCode(c: Context<AppEnv>, answer: unknown): string | null {
  const { code } = (answer ?? {}) as { code?: unknown };
  return c.res.status >= 400 && typeof code === "string" ? code : null;
}
