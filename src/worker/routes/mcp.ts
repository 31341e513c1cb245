/** `/mcp`: the server for clients of the Model Context Protocol. */
import type { Hono } from "hono";
import type { AppEnv, AppPorts } from "../app-ports.ts";
import { proveViewer } from "../authenticate.ts";

/** Adds the route. Other methods are refused: the protocol is stateless, and opens and ends no session. */
export function addMcpRoute(app: Hono<AppEnv>, ports: AppPorts): void {
  app.post("/mcp", async (c) => {
    const viewer = await proveViewer(c, ports);
    // Evaluated by whoever calls first: the start of the Worker doesn't pay for a protocol that few speak.
    const { serveMcp } = await import("../gateways/mcp/serve-mcp.ts");
    return serveMcp(c.req.raw, ports, { principal: c.get("principal"), viewer, isReadOnly: c.get("access") === "read" });
  });
}
