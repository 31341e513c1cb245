/** What the routes of `/v1/schemas` say of themselves. */

import { answers } from "../../../contract/http/answers.ts";
import { queries } from "../../../contract/http/parameters.ts";
import type { RouteDoc } from "../route-doc.ts";

export const schemaDocs: RouteDoc[] = [
  {
    route: "GET /v1/schemas",
    tag: "agents",
    summary: "List which kinds agents accept, and in what shape",
    callers: "operators",
    query: queries.schemas,
    answers: { 200: { description: "A page.", schema: answers.schemas } },
  },
];
