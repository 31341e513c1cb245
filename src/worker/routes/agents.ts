/** `/v1/agents`: operators say who may take part. */
import type { Hono } from "hono";
import { z } from "zod";
import type { AgentCard } from "../../durable/rpc.ts";
import { hashToken } from "../../durable/token-hash.ts";
import { idPattern, kindPattern } from "../../wire/event.ts";
import {
  abandonRegistration,
  beginRegistration,
  beginRemoval,
  changeAgent,
  finishRegistration,
  finishRemoval,
  listAgents,
  readAgent,
  readChange,
} from "../agent-store.ts";
import type { AppEnv, AppPorts } from "../app-ports.ts";
import { requireOperator } from "../authenticate.ts";
import { pageLimit, parseInput } from "../parse-input.ts";
import { problemError, unwrap } from "../problem-error.ts";
import { readJson } from "../read-body.ts";
import { formatToken } from "../tokens.ts";

/** Bytes of a body that describes an agent: 256 names in each of three lists, generously. */
const agentBytes = 256 * 1024;

const agentId = z.string().regex(idPattern, "1 to 128 of A-Z a-z 0-9 . _ : -");
// `to` lists `cap:x` by commas.
const capability = z.string().regex(/^[^\s,\p{Cc}]{1,128}$/u, "1 to 128 characters, none of them a space or a comma");
const grant = z.string().regex(/^[^\s/\p{Cc}]{1,128}\/[^/\p{Cc}]{1,128}$/u, "`workflow/role`");
const kind = z.string().regex(kindPattern, "an event's kind: dotted segments of a-z 0-9 _ -");

const rights = {
  capabilities: z.array(capability).max(256).optional(),
  roles: z.array(grant).max(256).nullable().optional(),
  kinds: z.array(kind).max(256).nullable().optional(),
};
// Strict: a right that is misspelt and so left out would mean "all".
const newAgent = z.strictObject({ id: agentId, ...rights });
const changedAgent = z.strictObject(rights);
const agentList = z.strictObject({ capability: capability.optional(), after: z.string().max(128).optional(), limit: pageLimit });

/** Adds the routes of `/v1/agents`. */
export function addAgentRoutes(app: Hono<AppEnv>, ports: AppPorts): void {
  const { db } = ports;

  app.post("/v1/agents", async (c) => {
    await requireOperator(c, ports);
    const body = parseInput(newAgent, await readJson(c.req.raw, agentBytes), "body");
    const card: AgentCard = {
      id: body.id,
      capabilities: [...new Set(body.capabilities)],
      roles: body.roles ?? null,
      kinds: body.kinds ?? null,
    };
    return c.json(
      { id: card.id, token: await registerAgent(card), capabilities: card.capabilities, roles: card.roles, kinds: card.kinds },
      201,
    );
  });

  app.get("/v1/agents", async (c) => {
    await requireOperator(c, ports);
    return c.json(await listAgents(db, parseInput(agentList, c.req.query(), "query")));
  });

  app.get("/v1/agents/:id", async (c) => {
    await requireOperator(c, ports);
    return c.json(found(await readAgent(db, c.req.param("id")), c.req.param("id")));
  });

  app.patch("/v1/agents/:id", async (c) => {
    await requireOperator(c, ports);
    const id = c.req.param("id");
    const body = parseInput(changedAgent, await readJson(c.req.raw, agentBytes), "body");
    await tellObject(found(await changeAgent(db, id, body, ports.now()), id));
    return c.json(found(await readAgent(db, id), id));
  });

  app.delete("/v1/agents/:id", async (c) => {
    await requireOperator(c, ports);
    const id = c.req.param("id");
    if (!(await beginRemoval(db, id))) throw noAgent(id);
    unwrap(await ports.agent(id).remove());
    await finishRemoval(db, id);
    return c.body(null, 204);
  });

  /** Registers in D1 and in the agent's object; whatever is left half done can be done again. Returns the token. */
  async function registerAgent(card: AgentCard): Promise<string> {
    const registration = crypto.randomUUID();
    const exists = () => problemError("already_exists", `There is an agent ${card.id}. Change it with PATCH, or delete it first.`);
    const begun = await beginRegistration(db, card, registration, ports.now());
    if (begun === "exists") throw exists();
    if (begun === "pending")
      throw problemError("unavailable", `Another registration of ${card.id} is under way. Try again.`, { retryAfter: 10 });
    const token = formatToken(card.id, ports.randomBytes(32));
    try {
      unwrap(await ports.agent(card.id).register(card, await hashToken(token)));
    } catch (error) {
      await abandonRegistration(db, card.id, registration);
      throw error;
    }
    if (!(await finishRegistration(db, card.id, registration))) throw exists();
    return token;
  }

  /** Gives the object what D1 says, until no later change has come meanwhile. */
  async function tellObject(change: { card: AgentCard; revision: number }): Promise<void> {
    for (let newest = change; ; ) {
      unwrap(await ports.agent(newest.card.id).register(newest.card));
      const read = await readChange(db, newest.card.id);
      if (!read || read.revision === newest.revision) return;
      newest = read;
    }
  }
}

function noAgent(id: string): Error {
  return problemError("not_found", `There is no agent ${id}.`);
}

function found<T>(value: T | undefined, id: string): T {
  if (value === undefined) throw noAgent(id);
  return value;
}
