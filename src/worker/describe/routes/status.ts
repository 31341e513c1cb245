/** What the routes of `/v1/status` and `/v1/metrics` say of themselves. */
import { answers } from "../../../contract/http/answers.ts";
import { bodies } from "../../../contract/http/bodies.ts";
import type { RouteDoc } from "../route-doc.ts";

export const statusDocs: RouteDoc[] = [
  {
    route: "POST /v1/placement",
    problems: ["not_allowed_now"],
    tag: "operations",
    summary: "Move the actors of a paused cell to objects of their own, a share at each call",
    callers: "admins",
    body: bodies["POST /v1/placement"],
    answers: { 200: { description: "How far it is. Call it until `phase` is `done`.", schema: answers.cellMove } },
  },
  {
    route: "GET /v1/status",
    tag: "operations",
    summary: "Show how the whole is",
    callers: "operators",
    answers: {
      200: {
        description: "Whether it is ready, counts, the longest wait, the lag of the log. What cannot be read is null.",
        schema: answers.status,
      },
    },
  },
  {
    route: "GET /v1/metrics",
    tag: "operations",
    summary: "Show what this isolate has done",
    callers: "operators",
    answers: { 200: { description: "Counters.", schema: answers.metrics } },
  },
];
