/** What the routes of `/v1/operators` and `/v1/audit` say of themselves. */

import { answers } from "../../../contract/http/answers.ts";
import { bodies } from "../../../contract/http/bodies.ts";
import { pathParameters, queries } from "../../../contract/http/parameters.ts";
import type { RouteDoc } from "../route-doc.ts";

export const operatorDocs: RouteDoc[] = [
  {
    route: "POST /v1/operators",
    problems: ["already_exists"],
    tag: "operators",
    summary: "Name an operator; the token is shown this once",
    callers: "admins",
    body: bodies["POST /v1/operators"],
    answers: { 201: { description: "Named.", schema: answers.operator } },
  },
  {
    route: "GET /v1/operators",
    tag: "operators",
    summary: "List operators",
    callers: "operators",
    query: queries.operators,
    answers: { 200: { description: "A page.", schema: answers.operators } },
  },
  {
    route: "DELETE /v1/operators/:name",
    path: { name: pathParameters.operator },
    tag: "operators",
    summary: "Forget an operator; the token is void at once",
    callers: "admins",
    answers: { 204: { description: "Gone." } },
  },
  {
    route: "GET /v1/audit",
    tag: "operators",
    summary: "Read who decided what, newest first",
    callers: "operators",
    query: queries.audit,
    answers: { 200: { description: "A page.", schema: answers.decisions } },
  },
];
