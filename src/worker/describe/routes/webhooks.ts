/** What the routes of `/v1/webhooks` say of themselves. */

import { answers } from "../../../contract/http/answers.ts";
import { bodies } from "../../../contract/http/bodies.ts";
import { pathParameters, queries } from "../../../contract/http/parameters.ts";
import type { RouteDoc } from "../route-doc.ts";

const path = { id: pathParameters.webhook };

export const webhookDocs: RouteDoc[] = [
  {
    route: "POST /v1/webhooks",
    problems: ["not_allowed_now"],
    tag: "webhooks",
    summary: "Have events posted to a server, signed; the secret is shown this once",
    callers: "admins",
    body: bodies["POST /v1/webhooks"],
    answers: { 201: { description: "Made: what happens from now on is sent.", schema: answers.webhookWithSecret } },
  },
  {
    route: "GET /v1/webhooks",
    tag: "webhooks",
    summary: "List webhooks",
    callers: "operators",
    query: queries.webhooks,
    answers: { 200: { description: "A page.", schema: answers.webhooks } },
  },
  {
    route: "GET /v1/webhooks/:id",
    path,
    tag: "webhooks",
    summary: "Show a webhook, and how its deliveries go",
    callers: "operators",
    answers: { 200: { description: "The webhook.", schema: answers.webhookWithStanding } },
  },
  {
    route: "DELETE /v1/webhooks/:id",
    path,
    tag: "webhooks",
    summary: "Remove a webhook; nothing is sent any more",
    callers: "admins",
    answers: { 204: { description: "Gone." } },
  },
  {
    route: "POST /v1/webhooks/:id/secret",
    path,
    tag: "webhooks",
    summary: "Give a webhook a new secret, shown this once; for a while the former signs as well",
    callers: "admins",
    body: bodies["POST /v1/webhooks/:id/secret"],
    answers: { 200: { description: "The new secret.", schema: answers.webhookSecret } },
  },
  {
    route: "POST /v1/webhooks/:id/resume",
    path,
    tag: "webhooks",
    summary: "Send again what was stopped, from where it was",
    callers: "admins",
    body: bodies["POST /v1/webhooks/:id/resume"],
    answers: { 202: { description: "It is being sent.", schema: answers.webhookResumed } },
  },
  {
    route: "POST /v1/webhooks/:id/replay",
    path,
    tag: "webhooks",
    summary: "Send events again: from a position, from a time, or what was given up",
    callers: "admins",
    body: bodies["POST /v1/webhooks/:id/replay"],
    answers: { 202: { description: "They are being sent, under the ids that they had.", schema: answers.webhookReplay } },
  },
  {
    route: "GET /v1/webhooks/:id/dead-letters",
    path,
    tag: "webhooks",
    summary: "List events that were given up",
    callers: "operators",
    query: queries.webhookDeadLetters,
    answers: { 200: { description: "A page, oldest first.", schema: answers.webhookDeadLetters } },
  },
];
