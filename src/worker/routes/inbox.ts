/** `/v1/me`, `/v1/inbox` and its stream, `/v1/connect` and tickets for both: what a token's holder has been sent, polled or pushed. */
import type { Context, Hono } from "hono";
import * as z from "zod";
import type { Channel } from "../../contract/channels.ts";
import { channels, connectionName, replacedAtMost } from "../../contract/channels.ts";
import { limits } from "../../contract/limits.ts";
import { hashToken } from "../../durable/agent/token-hash.ts";
import type { Principal } from "../../durable/protocol/rpc.ts";
import type { AppEnv, AppPorts } from "../app-ports.ts";
import { nameObject } from "../authenticate.ts";
import { pageLimit, parseInput, wholeNumber } from "../parse-input.ts";
import { problemError, unwrap } from "../problem-error.ts";
import { readJson } from "../read-body.ts";
import { formatToken } from "../tokens.ts";

/** Bytes of an acknowledgement: a thousand numbers. */
const ackBytes = 64 * 1024;

const channelList = z
  .string()
  .default(channels.join(","))
  .transform((list) => [...new Set(list.split(","))])
  .pipe(z.array(z.enum(channels)).min(1)) satisfies z.ZodType<Channel[], string | undefined>;

// Loose: clients and proxies add parameters of their own to what they poll.
export const inboxQuery = z.object({
  channel: channelList,
  after: wholeNumber.optional(),
  // More than a poll may wait is taken as the most: an answer may always come sooner.
  wait: wholeNumber.transform((seconds) => Math.min(seconds, limits.pollSeconds)).default(0),
  limit: pageLimit,
  connection: z.string().regex(connectionName).optional().describe("What the client calls this connection."),
  replaces: z
    .string()
    .transform((list) => list.split(",").filter(Boolean))
    .pipe(z.array(z.string().regex(connectionName)).max(replacedAtMost))
    .optional()
    .describe("Connections that this one takes the place of, comma-separated: what they hold is free at once."),
  client: z.string().regex(connectionName).optional().describe("What the process calls itself; it is told of others with the same token."),
});

export const meQuery = inboxQuery.pick({ client: true });
export const connectQuery = inboxQuery.pick({ channel: true, after: true, connection: true, replaces: true, client: true });
const streamHeaders = z.object({ "last-event-id": wholeNumber.optional() });

const seq = z.int().nonnegative();
const naming = {
  connection: z.string().regex(connectionName).optional().describe("The connection that this is a sign of life of."),
  replaces: z.string().regex(connectionName).optional().describe("A connection that another has taken the place of."),
};
export const ackBody = z.union(
  [z.object({ seqs: z.array(seq).max(1000), ...naming }), z.object({ seq, channel: z.enum(channels), ...naming })],
  {
    error: "either {seqs: [..]}, at most 1000, or {seq, channel}",
  },
);

/** Adds the routes of the inbox. */
export function addInboxRoutes(app: Hono<AppEnv>, ports: AppPorts): void {
  app.get("/v1/me", async (c) => {
    const principal = c.get("principal");
    const { client } = parseInput(meQuery, c.req.query(), "query");
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

  app.get("/v1/inbox", async (c) => {
    const principal = c.get("principal");
    const { channel, after, wait, limit, connection, replaces, client } = parseInput(inboxQuery, c.req.query(), "query");
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
    const ack = parseInput(ackBody, await readJson(c.req.raw, ackBytes), "body");
    unwrap(await ports.agent(nameObject(principal)).ack(principal, ack));
    return c.body(null, 204);
  });

  app.get("/v1/connect", async (c) => {
    const principal = c.get("principal");
    if ("operator" in principal) throw problemError("forbidden", "Sockets are for agents. Poll GET /v1/inbox instead.");
    if (c.req.header("upgrade")?.toLowerCase() !== "websocket") {
      throw problemError("malformed", "This is a WebSocket: send `Upgrade: websocket`, or poll GET /v1/inbox.");
    }
    parseInput(connectQuery, c.req.query(), "query");
    return ports.agent(principal.agent).fetch(addProof(c, principal));
  });

  app.get("/v1/inbox/stream", async (c) => {
    const principal = c.get("principal");
    if ("operator" in principal) throw problemError("forbidden", "Streams are for agents. Poll GET /v1/inbox instead.");
    parseInput(connectQuery, c.req.query(), "query");
    parseInput(streamHeaders, { "last-event-id": c.req.header("last-event-id") || undefined }, "headers");
    return ports.agent(principal.agent).fetch(addProof(c, principal));
  });

  app.post("/v1/tickets", async (c) => {
    const principal = c.get("principal");
    if ("operator" in principal) throw problemError("forbidden", "Tickets are for agents: they open a stream or a socket.");
    const ticket = formatToken(principal.agent, ports.randomBytes(32));
    const { expires } = unwrap(await ports.agent(principal.agent).issueTicket(principal, await hashToken(ticket)));
    return c.json({ ticket, expires }, 201);
  });
}

/** The request as the agent's object reads it: however token or ticket came, it is in one place; what a caller put there is overwritten. */
function addProof(c: Context<AppEnv>, { agent, token }: Extract<Principal, { agent: string }>): Request {
  const headers = new Headers(c.req.raw.headers);
  headers.set("x-nerveflare-agent", agent);
  headers.set("authorization", `${c.get("byTicket") ? "Ticket" : "Bearer"} ${token}`);
  return new Request(c.req.raw, { headers });
}
