/** `/a2a`: the server for clients of the Agent2Agent protocol. */
import type { Context, Hono } from "hono";
import type { AppEnv, AppPorts } from "../app-ports.ts";
import { nameObject, proveViewer } from "../authenticate.ts";

/** Adds the route of the server's own card, which takes no token. */
export function addA2aCardRoute(app: Hono<AppEnv>): void {
  app.get("/.well-known/agent-card.json", async (c) => {
    const { serveServerCard } = await import("../gateways/a2a/serve-a2a.ts");
    return serveServerCard(c.req.raw);
  });
}

/** Adds the routes below `/a2a`: of the server, and of each exposed workflow and agent. */
export function addA2aRoutes(app: Hono<AppEnv>, ports: AppPorts): void {
  const serve = async (c: Context<AppEnv>): Promise<Response> => {
    const viewer = await proveViewer(c, ports);
    const principal = c.get("principal");
    const name = viewer === null ? nameObject(principal) : `agents/${viewer}`;
    // Evaluated by whoever calls first: the start of the Worker doesn't pay for a protocol that few speak.
    const { serveA2a } = await import("../gateways/a2a/serve-a2a.ts");
    return serveA2a(c.req.raw, ports, { principal, viewer, name, isReadOnly: c.get("access") === "read" });
  };
  const subject = "/a2a/:kind/:name";
  app.post("/a2a", serve);
  app.post(subject, serve);
  app.get(`${subject}/.well-known/agent-card.json`, serve);
  app.get(`${subject}/extendedAgentCard`, serve);
  app.post(`${subject}/:call`, serve);
  app.get(`${subject}/tasks`, serve);
  app.get(`${subject}/tasks/:task`, serve);
  app.post(`${subject}/tasks/:task`, serve);
  app.get(`${subject}/tasks/:task/pushNotificationConfigs`, serve);
  app.post(`${subject}/tasks/:task/pushNotificationConfigs`, serve);
  app.get(`${subject}/tasks/:task/pushNotificationConfigs/:config`, serve);
  app.delete(`${subject}/tasks/:task/pushNotificationConfigs/:config`, serve);
}
