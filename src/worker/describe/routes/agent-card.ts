/** What the routes of `/v1/agents/:id/card` say of themselves. */
import { answers } from "../../../contract/http/answers.ts";
import { bodies } from "../../../contract/http/bodies.ts";
import { pathParameters } from "../../../contract/http/parameters.ts";
import type { RouteDoc } from "../route-doc.ts";

const about = {
  problems: ["forbidden"],
  path: { id: pathParameters.agent },
  tag: "agents",
  callers: "everyone",
} satisfies Partial<RouteDoc>;

export const agentCardDocs: RouteDoc[] = [
  {
    ...about,
    route: "GET /v1/agents/:id/card",
    summary: "Show whether an agent has an A2A card; agents may ask for their own",
    answers: { 200: { description: "Whether it has, and who said so.", schema: answers.agentExposure } },
  },
  {
    ...about,
    route: "PUT /v1/agents/:id/card",
    summary:
      "Give an agent an A2A card, by which others send it messages; agents may do so themselves, unless an operator said that they have none",
    body: bodies["PUT /v1/agents/:id/card"],
    answers: { 200: { description: "It has a card.", schema: answers.agentExposure } },
  },
  {
    ...about,
    route: "DELETE /v1/agents/:id/card",
    summary: "Take an agent's A2A card away; what was begun by it goes on",
    answers: { 204: { description: "It has none." } },
  },
];
