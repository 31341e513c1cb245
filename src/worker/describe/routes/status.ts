/** What the routes of `/v1/status` and `/v1/metrics` say of themselves. */
import { answers } from "../../../contract/http/answers.ts";
import type { RouteDoc } from "../route-doc.ts";

export const statusDocs: RouteDoc[] = [
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
