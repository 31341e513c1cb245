/** `/v1/session`: a token, exchanged for a cookie, so that a page in a browser keeps no token. */
import type { Context, Hono } from "hono";
import { queries } from "../../contract/http/parameters.ts";
import { hashToken } from "../../durable/agent/token-hash.ts";
import type { AppEnv, AppPorts } from "../app-ports.ts";
import { nameObject, proveViewer } from "../authenticate.ts";
import { readQuery } from "../parse-input.ts";
import { problemError } from "../problem-error.ts";
import { makeCsrf, writeSessionCookie } from "../session-cookie.ts";
import { addSession, readSession, removeSession, sessionLimits } from "../session-store.ts";
import { formatToken, operatorPrefix } from "../tokens.ts";

/** Adds the routes. */
export function addSessionRoutes(app: Hono<AppEnv>, ports: AppPorts): void {
  app.post("/v1/session", async (c) => {
    if (c.get("session") !== undefined)
      throw problemError("unauthenticated", "A session is opened with a token: `Authorization: Bearer <token>`.");
    readQuery(c, queries.session);
    await proveViewer(c, ports);
    const principal = c.get("principal");
    const owner = "operator" in principal ? `${operatorPrefix}${principal.operator}` : principal.agent;
    const session = formatToken(owner, ports.randomBytes(32));
    const expires = ports.now() + sessionLimits.lasts;
    await addSession(ports.db, await hashToken(session), { owner, token: c.get("tokenHash"), expires });
    c.header("set-cookie", writeSessionCookie(c.req.raw, session));
    return c.json(await describe(c, session, expires), 201);
  });

  app.get("/v1/session", async (c) => {
    await proveViewer(c, ports);
    const session = c.get("session");
    const row = session === undefined ? undefined : await readSession(ports.db, await hashToken(session), ports.now());
    if (session === undefined || !row) throw problemError("not_found", "There is no session: this call came with a token.");
    return c.json(await describe(c, session, row.expires));
  });

  app.delete("/v1/session", async (c) => {
    await proveViewer(c, ports);
    const session = c.get("session");
    if (session === undefined) throw problemError("not_found", "There is no session: this call came with a token.");
    await removeSession(ports.db, await hashToken(session));
    c.header("set-cookie", writeSessionCookie(c.req.raw, undefined));
    return c.body(null, 204);
  });

  async function describe(c: Context<AppEnv>, session: string, expires: number) {
    const principal = c.get("principal");
    const isOperator = "operator" in principal;
    return {
      kind: isOperator ? "operator" : "agent",
      name: isOperator ? principal.operator : nameObject(principal),
      access: isOperator ? (c.get("access") ?? "read") : "own",
      expires: new Date(expires).toISOString(),
      now: new Date(ports.now()).toISOString(),
      csrf: await makeCsrf(session),
    };
  }
}
