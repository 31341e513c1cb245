/** `/v1/agents/:id/subscriptions`: the kinds that an agent is sent without being named. Operators grant; the agent may take less. */
import type { Hono } from "hono";
import { matchesKind } from "../../contract/kinds/matches-kind.ts";
import { readAgent } from "../agent-store.ts";
import type { AppEnv, AppPorts } from "../app-ports.ts";
import { proveViewer } from "../authenticate.ts";
import { problemError } from "../problem-error.ts";
import { grantSubscriptions, narrowSubscriptions, readSubscriptions } from "../subscription-store.ts";
import { takeBody } from "../take-body.ts";

/** Adds the routes of `/v1/agents/:id/subscriptions`. */
export function addSubscriptionRoutes(app: Hono<AppEnv>, ports: AppPorts): void {
  const { db } = ports;

  /** The agent itself, or an operator: null. */
  async function prove(c: Parameters<typeof proveViewer>[0], id: string): Promise<string | null> {
    const viewer = await proveViewer(c, ports);
    if (viewer !== null && viewer !== id)
      throw problemError("forbidden", "An agent's subscriptions are its own and the operators' to see.");
    return viewer;
  }

  app.get("/v1/agents/:id/subscriptions", async (c) => {
    const id = c.req.param("id");
    await prove(c, id);
    if (!(await readAgent(db, id))) throw problemError("not_found", `There is no agent ${id}.`);
    return c.json(await readSubscriptions(db, id));
  });

  app.put("/v1/agents/:id/subscriptions", async (c) => {
    const id = c.req.param("id");
    const viewer = await prove(c, id);
    const body = await takeBody(c.req.raw, "PUT /v1/agents/:id/subscriptions");
    const kinds = [...new Set(body.kinds)].sort();
    if (viewer === null) {
      if (!(await grantSubscriptions(db, id, kinds))) throw problemError("not_found", `There is no agent ${id}.`);
    } else {
      const { granted } = await readSubscriptions(db, id);
      const beyond = kinds.find((each) => !granted.includes(each) && !matchesKind(granted, each.replace(/\.\*$/, ".x")));
      if (beyond !== undefined) throw problemError("forbidden", `This agent was not granted ${beyond}; an operator can.`);
      await narrowSubscriptions(db, id, kinds);
    }
    return c.json(await readSubscriptions(db, id));
  });
}
