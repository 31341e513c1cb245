/** Every route's description, in the order in which people read them. The app's own routes are the other side: a test compares. */

import { answers } from "../../contract/http/answers.ts";
import type { RouteDoc } from "./route-doc.ts";
import { a2aDocs } from "./routes/a2a.ts";
import { agentCardDocs } from "./routes/agent-card.ts";
import { agentDocs } from "./routes/agents.ts";
import { artifactDocs } from "./routes/artifacts.ts";
import { broadcastDocs } from "./routes/broadcasts.ts";
import { deadLetterDocs } from "./routes/dead-letters.ts";
import { enrolmentDocs } from "./routes/enrolments.ts";
import { eventDocs } from "./routes/events.ts";
import { hookDocs } from "./routes/hooks.ts";
import { inboxDocs } from "./routes/inbox.ts";
import { mcpDocs } from "./routes/mcp.ts";
import { operatorDocs } from "./routes/operators.ts";
import { schemaDocs } from "./routes/schemas.ts";
import { sessionDocs } from "./routes/session.ts";
import { statusDocs } from "./routes/status.ts";
import { subscriptionDocs } from "./routes/subscriptions.ts";
import { threadDocs } from "./routes/threads.ts";
import { webhookDocs } from "./routes/webhooks.ts";
import { workflowDocs } from "./routes/workflows.ts";

/** Routes that need no token. */
const openDocs: RouteDoc[] = [
  {
    route: "GET /healthz",
    tag: "operations",
    summary: "Whether the server answers",
    callers: "anybody",
    answers: { 200: { description: "It does.", schema: answers.alive } },
  },
  {
    route: "GET /readyz",
    tag: "operations",
    summary: "Whether requests can be served",
    callers: "anybody",
    answers: {
      200: { description: "They can.", schema: answers.readiness },
      503: { description: "They cannot: `status` and the failing `checks` say why.", schema: answers.readiness },
    },
  },
  ...["openapi", "asyncapi"].map(
    (name): RouteDoc => ({
      route: `GET /v1/${name}.json`,
      tag: "operations",
      summary: "This description, for machines",
      callers: "anybody",
      answers: { 200: { description: "The document.", schema: answers.document } },
    }),
  ),
  {
    route: "GET /docs",
    tag: "operations",
    summary: "This description, for people",
    callers: "anybody",
    answers: { 200: { description: "The page.", type: "text/html" } },
  },
];

export const routeDocs: RouteDoc[] = [
  ...inboxDocs,
  ...sessionDocs,
  ...eventDocs,
  ...broadcastDocs,
  ...threadDocs,
  ...workflowDocs,
  ...agentDocs,
  ...subscriptionDocs,
  ...artifactDocs,
  ...agentCardDocs,
  ...webhookDocs,
  ...hookDocs,
  ...enrolmentDocs,
  ...operatorDocs,
  ...deadLetterDocs,
  ...schemaDocs,
  ...statusDocs,
  ...mcpDocs,
  ...a2aDocs,
  ...openDocs,
];
