/** `/v1/agents/:id/card`: whether an agent has an A2A card. The agent says so itself, or an operator, whose word counts more. */
import type { Context, Hono } from "hono";
import { readAgent } from "../agent-store.ts";
import type { AppEnv, AppPorts } from "../app-ports.ts";
import { proveViewer } from "../authenticate.ts";
import { decideExposure, readExposure } from "../exposed-agents.ts";
import { problemError } from "../problem-error.ts";
import { takeBody } from "../take-body.ts";

/** Adds the routes of `/v1/agents/:id/card`. */
export function addAgentCardRoutes(app: Hono<AppEnv>, ports: AppPorts): void {
  const { db } = ports;
  const path = "/v1/agents/:id/card";

  /** The agent itself, or an operator. */
  async function prove(c: Context<AppEnv>): Promise<{ id: string; isOperator: boolean }> {
    const id = c.req.param("id") ?? "";
    const viewer = await proveViewer(c, ports);
    if (viewer !== null && viewer !== id) throw problemError("forbidden", "An agent's card is its own and the operators' to decide on.");
    if (!(await readAgent(db, id))) throw problemError("not_found", `There is no agent ${id}.`);
    return { id, isOperator: viewer === null };
  }

  async function decide(c: Context<AppEnv>, open: boolean, description: string | null): Promise<void> {
    const { id, isOperator } = await prove(c);
    if (!(await decideExposure(db, id, { open, description, isOperator })))
      throw problemError("forbidden", "An operator said that this agent has no card.");
  }

  app.get(path, async (c) => {
    const { id } = await prove(c);
    return c.json(await readExposure(db, id));
  });

  app.put(path, async (c) => {
    const { description } = await takeBody(c.req.raw, "PUT /v1/agents/:id/card");
    await decide(c, true, description ?? null);
    return c.json(await readExposure(db, c.req.param("id")));
  });

  app.delete(path, async (c) => {
    await decide(c, false, null);
    return c.body(null, 204);
  });
}
