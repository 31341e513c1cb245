/** What the routes of `/v1/agents/:id/subscriptions` say of themselves. */

import { answers } from "../../../contract/http/answers.ts";
import { bodies } from "../../../contract/http/bodies.ts";
import { pathParameters } from "../../../contract/http/parameters.ts";
import type { RouteDoc } from "../route-doc.ts";

export const subscriptionDocs: RouteDoc[] = [
  {
    route: "GET /v1/agents/:id/subscriptions",
    problems: ["forbidden"],
    path: { id: pathParameters.agent },
    tag: "agents",
    summary: "Show which kinds an agent is sent without being named; agents may ask for their own",
    callers: "everyone",
    answers: { 200: { description: "What was granted, and what the agent has left of it.", schema: answers.subscriptions } },
  },
  {
    route: "PUT /v1/agents/:id/subscriptions",
    problems: ["forbidden"],
    path: { id: pathParameters.agent },
    tag: "agents",
    summary: "Grant an agent kinds, exact or `x.*`; the agent itself may take less",
    callers: "everyone",
    body: bodies["PUT /v1/agents/:id/subscriptions"],
    answers: { 200: { description: "What was granted, and what the agent has left of it.", schema: answers.subscriptions } },
  },
];
