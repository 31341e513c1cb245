/** `/v1/schemas`: which agents accept which kinds of event, and in what shape. */
import type { Hono } from "hono";
import { queries } from "../../contract/http/parameters.ts";
import type { AppEnv, AppPorts } from "../app-ports.ts";
import { requireOperator } from "../authenticate.ts";
import { readQuery } from "../parse-input.ts";
import { listSchemas } from "../schema-store.ts";

/** Adds the routes of `/v1/schemas`. */
export function addSchemaRoutes(app: Hono<AppEnv>, ports: AppPorts): void {
  app.get("/v1/schemas", async (c) => {
    await requireOperator(c, ports);
    return c.json(await listSchemas(ports.db, readQuery(c, queries.schemas)));
  });
}
