/**
 * Which web pages get through (CORS). Before everything that costs something: a page that is not let in is refused unread, and its
 * browser's question beforehand is answered without a token. Callers that are no pages send no `Origin`, and meet nothing here.
 */
import type { MiddlewareHandler } from "hono";
import { cors } from "hono/cors";
import type { ReadOrigins } from "../contract/origins.ts";
import { createProblem, type Problem } from "../contract/problem.ts";
import type { AppEnv, AppPorts } from "./app-ports.ts";
import { respondProblem } from "./problem-error.ts";

export const originLimits = {
  /** Seconds for which a browser need not ask again: what Chromium takes at most. Each request is judged all the same. */
  maxAge: 7_200,
  /** Characters of an origin that are repeated to who sent it: the longest host and its scheme. */
  shown: 300,
} as const;

/** What some route takes. */
const allowMethods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

/** What answers say in headers beside those that a page may read anyway. */
export const exposeHeaders = ["Allow", "Link", "Retry-After", "WWW-Authenticate"];

/** Middleware for all routes. Tokens travel in headers that pages set themselves, so no cookies are asked for, and none are allowed. */
export function guardOrigins({
  origins = { ok: true, origins: { allows: () => false } },
}: Pick<AppPorts, "origins">): MiddlewareHandler<AppEnv> {
  // Whichever headers a page wants to send: attributes of events travel as `ce-` headers, which nobody can list.
  const answer = cors({ origin: (origin) => origin, allowMethods, exposeHeaders, maxAge: originLimits.maxAge });
  return async (c, next) => {
    const origin = c.req.header("origin");
    if (origin !== undefined && URL.canParse(c.req.url) && !isOwnPage(c.req.raw, origin)) {
      if (!origins.ok || !origins.origins.allows(origin)) return respondProblem(refusePage(origin, origins), { vary: "Origin" });
      // Of a socket's answer browsers read no such headers.
      if (c.req.header("upgrade") === undefined) return answer(c, next);
    }
    await next();
    if (c.res.status !== 101) c.header("vary", "Origin", { append: true });
  };
}

/** Whether the page is of this server itself, such as `/docs`. A proxy in front may have taken TLS off, so the scheme is not asked for. */
function isOwnPage({ headers, url }: Request, origin: string): boolean {
  const site = headers.get("sec-fetch-site");
  if (site !== null) return site === "same-origin";
  return /^https?:/.test(origin) && URL.canParse(origin) && new URL(origin).host === new URL(url).host;
}

function refusePage(origin: string, { ok }: ReadOrigins): Problem {
  const shown = origin.slice(0, originLimits.shown);
  if (!ok)
    return createProblem(
      "origin_not_allowed",
      `Pages of ${shown} may not call: NERVEFLARE_ORIGINS cannot be read. The server's log says why.`,
    );
  const detail = `Pages of ${shown} may not call this server. Whoever runs it lets them in by adding the origin to its variable NERVEFLARE_ORIGINS.`;
  return createProblem("origin_not_allowed", detail, { origin: shown });
}
