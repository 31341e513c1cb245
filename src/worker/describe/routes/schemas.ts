/** What the routes of `/v1/schemas` say of themselves. */
import { queries } from "../../../contract/http/parameters.ts";
import { answerShapes } from "../answer-shapes.ts";
import type { RouteDoc } from "../route-doc.ts";

export const schemaDocs: RouteDoc[] = [
  {
    route: "GET /v1/schemas",
    tag: "agents",
    summary: "List which kinds agents accept, and in what shape",
    callers: "operators",
    query: queries.schemas,
    answers: { 200: { description: "A page.", schema: answerShapes.schemas } },
  },
];
