/** `/v1/me` and the types of its workflows, `/v1/inbox` and its stream, `/v1/connect` and tickets for both: what a token's holder has been sent, polled or pushed. */
import type { Context, Hono } from "hono";
import { queries } from "../../contract/http/parameters.ts";
import { limits } from "../../contract/limits.ts";
import { hashToken } from "../../durable/agent/token-hash.ts";
import type { Principal } from "../../durable/protocol/agent.ts";
import type { AppEnv, AppPorts } from "../app-ports.ts";
import { nameObject } from "../authenticate.ts";
import { readHeader, readQuery, refuseHead } from "../parse-input.ts";
import { problemError, unwrap } from "../problem-error.ts";
import { readTypes } from "../read-types.ts";
import { takeBody } from "../take-body.ts";
import { formatToken } from "../tokens.ts";

/** Adds the routes of the inbox. */
export function addInboxRoutes(app: Hono<AppEnv>, ports: AppPorts): void {
  app.get("/v1/me", async (c) => {
    const principal = c.get("principal");
    const { client } = readQuery(c, queries.me);
    if ("agent" in principal) return c.json(unwrap(await ports.agent(principal.agent).me(principal, client)));
    return c.json({
      id: nameObject(principal),
      operator: principal.operator,
      capabilities: [],
      roles: null,
      kinds: null,
      limits,
      now: new Date(ports.now()).toISOString(),
      rolesHeld: [],
      turns: [],
      offers: [],
    });
  });

  app.get("/v1/me/types", async (c) => {
    const principal = c.get("principal");
    const card = "agent" in principal ? unwrap(await ports.agent(principal.agent).identify(principal)) : { roles: null };
    const { workflows = [] } = readQuery(c, queries.types);
    return c.json(await readTypes(ports.db, workflows, card));
  });

  app.get("/v1/inbox", async (c) => {
    const principal = c.get("principal");
    const { channel, after, wait, limit, connection, replaces, client } = readQuery(c, queries.inbox);
    const query = {
      ...{ channels: channel, waitSeconds: wait, limit },
      ...(after !== undefined && { after }),
      ...(connection !== undefined && { connection }),
      ...(replaces !== undefined && { replaces }),
      ...(client !== undefined && { client }),
    };
    return c.json(unwrap(await ports.agent(nameObject(principal)).inbox(principal, query)));
  });

  app.post("/v1/inbox/ack", async (c) => {
    const principal = c.get("principal");
    const ack = await takeBody(c.req.raw, "POST /v1/inbox/ack");
    unwrap(await ports.agent(nameObject(principal)).ack(principal, ack));
    return c.body(null, 204);
  });

  app.get("/v1/connect", async (c) => {
    const principal = c.get("principal");
    if ("operator" in principal) throw problemError("forbidden", "Sockets are for agents. Poll GET /v1/inbox instead.");
    if (c.req.header("upgrade")?.toLowerCase() !== "websocket") {
      throw problemError("malformed", "This is a WebSocket: send `Upgrade: websocket`, or poll GET /v1/inbox.");
    }
    refuseSession(c);
    readQuery(c, queries.connect);
    return ports.agent(principal.agent).fetch(addProof(c, principal));
  });

  app.get("/v1/inbox/stream", async (c) => {
    const principal = c.get("principal");
    if ("operator" in principal) throw problemError("forbidden", "Streams are for agents. Poll GET /v1/inbox instead.");
    refuseHead(c);
    refuseSession(c);
    readQuery(c, queries.connect);
    readHeader(c, "Last-Event-ID");
    return ports.agent(principal.agent).fetch(addProof(c, principal));
  });

  app.post("/v1/tickets", async (c) => {
    const principal = c.get("principal");
    await takeBody(c.req.raw, "POST /v1/tickets");
    const ticket = formatToken(nameObject(principal), ports.randomBytes(32));
    const issued = await ports.agent(nameObject(principal)).issueTicket(principal, await hashToken(ticket), c.get("tokenHash"));
    const { expires } = unwrap(issued);
    return c.json({ ticket, expires }, 201);
  });
}

/** @throws ProblemError `forbidden` with a session's cookie, by which no page is an agent */
function refuseSession(c: Context<AppEnv>): void {
  if (c.get("session") === undefined) return;
  throw problemError("forbidden", "A session opens no connection to the inbox. Get a ticket by POST /v1/tickets, and open it with that.");
}

/** The request as the agent's object reads it: however token or ticket came, it is in one place; what a caller put there is overwritten. */
function addProof(c: Context<AppEnv>, principal: Extract<Principal, { agent: string }>): Request {
  const headers = new Headers(c.req.raw.headers);
  headers.set("x-nerveflare-agent", principal.agent);
  headers.set("authorization", "token" in principal ? `${c.get("byTicket") ? "Ticket" : "Bearer"} ${principal.token}` : "");
  return new Request(c.req.raw, { headers });
}
