/** `/v1/schemas`: which agents accept which kinds of event, and in what shape. */
import type { Hono } from "hono";
import * as z from "zod";
import { idPattern, kindPattern } from "../../contract/event.ts";
import type { AppEnv, AppPorts } from "../app-ports.ts";
import { requireOperator } from "../authenticate.ts";
import { answerShapes } from "../describe/answer-shapes.ts";
import type { RouteDoc } from "../describe/route-doc.ts";
import { pageLimit, parseInput } from "../parse-input.ts";
import { listSchemas } from "../schema-store.ts";

const schemaList = z.strictObject({
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

/** What these routes say of themselves. */
export const schemaDocs: RouteDoc[] = [
  {
    route: "GET /v1/schemas",
    tag: "agents",
    summary: "List which kinds agents accept, and in what shape",
    callers: "operators",
    query: schemaList,
    answers: { 200: { description: "A page.", schema: answerShapes.schemas } },
  },
];
