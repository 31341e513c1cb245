/** `/v1/schemas`: which agents accept which kinds of event, and in what shape. */
import type { Hono } from "hono";
import * as z from "zod";
import { idPattern, kindPattern } from "../../contract/event.ts";
import type { AppEnv, AppPorts } from "../app-ports.ts";
import { requireOperator } from "../authenticate.ts";
import { pageLimit, parseInput } from "../parse-input.ts";
import { listSchemas } from "../schema-store.ts";

export const schemaList = z.strictObject({
  kind: z.string().regex(kindPattern).optional(),
  agent: z.string().regex(idPattern).optional(),
  after: z.string().max(300).optional(),
  limit: pageLimit,
});

/** Adds the routes of `/v1/schemas`. */
export function addSchemaRoutes(app: Hono<AppEnv>, ports: AppPorts): void {
  app.get("/v1/schemas", async (c) => {
    await requireOperator(c, ports);
    return c.json(await listSchemas(ports.db, parseInput(schemaList, c.req.query(), "query")));
  });
}
