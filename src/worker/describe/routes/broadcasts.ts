/** What the routes of `/v1/broadcasts` say of themselves. */

import { answers } from "../../../contract/http/answers.ts";
import { bodies } from "../../../contract/http/bodies.ts";
import { pathParameters, queries } from "../../../contract/http/parameters.ts";
import type { RouteDoc } from "../route-doc.ts";

export const broadcastDocs: RouteDoc[] = [
  {
    route: "POST /v1/broadcasts",
    problems: ["forbidden", "not_found", "unknown_kind", "source_mismatch", "id_conflict", "mailbox_full"],
    tag: "events",
    summary: "Say something to many agents",
    callers: "admins",
    body: bodies["POST /v1/broadcasts"],
    answers: { 202: { description: "Stored; how many agents are sent it.", schema: answers.broadcast } },
  },
  {
    route: "GET /v1/broadcasts/:id",
    path: { id: pathParameters.broadcast },
    tag: "events",
    summary: "Show who has a broadcast, who acknowledged it, and who has not",
    callers: "operators",
    query: queries.numbered,
    answers: { 200: { description: "A page of its recipients.", schema: answers.broadcastShown } },
  },
];
