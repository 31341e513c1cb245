/** `/v1/broadcasts`: an operator's word to many agents, and who has taken it. */
import type { Context, Hono } from "hono";
import { queries } from "../../contract/http/parameters.ts";
import type { AppEnv, AppPorts } from "../app-ports.ts";
import { nameObject, requireOperator } from "../authenticate.ts";
import { findEvents } from "../event-log.ts";
import { askMailboxes } from "../explain-event.ts";
import { readQuery } from "../parse-input.ts";
import { problemError, respondProblem, unwrap } from "../problem-error.ts";
import { takeBody } from "../take-body.ts";

/** Adds the routes of `/v1/broadcasts`. */
export function addBroadcastRoutes(app: Hono<AppEnv>, ports: AppPorts): void {
  app.post("/v1/broadcasts", async (c) => {
    await requireOperator(c, ports);
    const { kind, to, data, id = crypto.randomUUID() } = await takeBody(c.req.raw, "POST /v1/broadcasts");
    const principal = c.get("principal");
    const event = { id, type: kind, to, ...(data !== undefined && { data }) };
    const [answer] = unwrap(await ports.agent(nameObject(principal)).accept(principal, [event]));
    if (!answer) throw new Error("A broadcast was neither accepted nor rejected.");
    if (answer.status === "rejected") return respondProblem(answer.error);
    return c.json({ id: answer.id, recipients: answer.recipients ?? 0, threads: answer.threads, notes: answer.notes }, 202);
  });

  app.get("/v1/broadcasts/:id", async (c) => {
    await requireOperator(c, ports);
    const { after = 0, limit } = readQuery(c, queries.numbered);
    const { event, routing } = await find(c, c.req.param("id"));
    const { recipients } = routing;
    const end = after + limit;
    const deliveries = await askMailboxes(ports, event, recipients.slice(after, end));
    return c.json({
      ...{ id: event.id, kind: event.type, to: event.to, source: event.source, at: event.time, recipients: recipients.length },
      deliveries,
      next: end < recipients.length ? end : null,
    });
  });

  /** The caller's own, which never lags, or another operator's. */
  async function find(c: Context<AppEnv>, id: string) {
    const own = await ports.agent(nameObject(c.get("principal"))).routed(id);
    if (own) return own;
    for (const { event } of await findEvents(ports.db, null, id)) {
      if (!event.source.startsWith("/operators/")) continue;
      const others = await ports.agent(event.source.slice(1)).routed(id);
      if (others) return others;
    }
    throw problemError("not_found", `There is no broadcast ${id.slice(0, 128)}.`);
  }
}
