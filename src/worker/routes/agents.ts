/** `/v1/agents`: operators say who may take part. */
import type { Hono } from "hono";
import { queries } from "../../contract/http/parameters.ts";
import type { AgentCard } from "../../contract/views/agent.ts";
import { hashToken } from "../../durable/agent/token-hash.ts";
import { beginRemoval, changeAgent, finishRemoval, listAgents, readAgent, readChange } from "../agent-store.ts";
import type { AppEnv, AppPorts } from "../app-ports.ts";
import { requireOperator } from "../authenticate.ts";
import { forgetExposure } from "../exposed-agents.ts";
import { readQuery } from "../parse-input.ts";
import { problemError, unwrap } from "../problem-error.ts";
import { registerAgent } from "../register-agent.ts";
import { removeSubscriptions } from "../subscription-store.ts";
import { takeBody } from "../take-body.ts";
import { formatToken } from "../tokens.ts";

/** Adds the routes of `/v1/agents`. */
export function addAgentRoutes(app: Hono<AppEnv>, ports: AppPorts): void {
  const { db } = ports;

  app.post("/v1/agents", async (c) => {
    await requireOperator(c, ports);
    const body = await takeBody(c.req.raw, "POST /v1/agents");
    const card: AgentCard = {
      id: body.id,
      capabilities: [...new Set(body.capabilities)],
      roles: body.roles ?? null,
      kinds: body.kinds ?? null,
    };
    return c.json(
      { id: card.id, token: await registerAgent(ports, card), capabilities: card.capabilities, roles: card.roles, kinds: card.kinds },
      201,
    );
  });

  app.get("/v1/agents", async (c) => {
    await requireOperator(c, ports);
    return c.json(await listAgents(db, readQuery(c, queries.agents)));
  });

  app.get("/v1/agents/:id", async (c) => {
    await requireOperator(c, ports);
    const id = c.req.param("id");
    return c.json({ ...found(await readAgent(db, id), id), presence: await ports.agent(id).presence() });
  });

  app.patch("/v1/agents/:id", async (c) => {
    await requireOperator(c, ports);
    const id = c.req.param("id");
    const body = await takeBody(c.req.raw, "PATCH /v1/agents/:id");
    await tellObject(found(await changeAgent(db, id, body, ports.now()), id));
    return c.json(found(await readAgent(db, id), id));
  });

  app.delete("/v1/agents/:id", async (c) => {
    await requireOperator(c, ports);
    const id = c.req.param("id");
    if (!(await beginRemoval(db, id))) throw noAgent(id);
    unwrap(await ports.agent(id).remove());
    await finishRemoval(db, id);
    await removeSubscriptions(db, id);
    await forgetExposure(db, id);
    return c.body(null, 204);
  });

  app.post("/v1/agents/:id/token", async (c) => {
    await requireOperator(c, ports);
    const id = c.req.param("id");
    const { overlapSeconds: overlap } = await takeBody(c.req.raw, "POST /v1/agents/:id/token");
    found(await readAgent(db, id), id);
    const token = formatToken(id, ports.randomBytes(32));
    unwrap(await ports.agent(id).rotate(await hashToken(token), overlap * 1000));
    return c.json({ id, token, formerUntil: new Date(ports.now() + overlap * 1000).toISOString() });
  });

  app.post("/v1/agents/:id/revoke", async (c) => {
    await requireOperator(c, ports);
    const id = c.req.param("id");
    await takeBody(c.req.raw, "POST /v1/agents/:id/revoke");
    found(await readAgent(db, id), id);
    unwrap(await ports.agent(id).revoke());
    return c.body(null, 204);
  });

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
