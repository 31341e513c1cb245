/** What the routes of `/v1/workflows` say of themselves. */

import { answers } from "../../../contract/http/answers.ts";
import { bodies } from "../../../contract/http/bodies.ts";
import { pathParameters, queries } from "../../../contract/http/parameters.ts";
import { idempotent, type RouteDoc } from "../route-doc.ts";

export const workflowDocs: RouteDoc[] = [
  {
    route: "PUT /v1/workflows/:name",
    problems: ["malformed", "workflow_invalid"],
    path: { name: pathParameters.workflow },
    tag: "workflows",
    summary: "Publish a workflow file",
    callers: "admins",
    body: { types: ["application/yaml", "text/yaml"] },
    answers: {
      200: { description: "Unchanged.", schema: answers.published },
      201: { description: "Published.", schema: answers.published },
    },
  },
  {
    route: "GET /v1/workflows",
    tag: "workflows",
    summary: "List published workflows",
    callers: "operators",
    query: queries.workflows,
    answers: { 200: { description: "A page.", schema: answers.workflows } },
  },
  {
    route: "GET /v1/workflows/:name",
    path: { name: pathParameters.workflow },
    tag: "workflows",
    summary: "Show a workflow, its source and its queue",
    callers: "operators",
    answers: { 200: { description: "The workflow.", schema: answers.workflow } },
  },
  {
    route: "GET /v1/workflows/:name/revisions",
    path: { name: pathParameters.workflow },
    tag: "workflows",
    summary: "List the revisions that are published or that threads run on",
    callers: "operators",
    answers: { 200: { description: "The revisions.", schema: answers.revisions } },
  },
  {
    route: "GET /v1/workflows/:name/revisions/:revision",
    problems: ["malformed"],
    path: { name: pathParameters.workflow, revision: pathParameters.revision },
    tag: "workflows",
    summary: "Show the file of a revision",
    callers: "operators",
    answers: { 200: { description: "The revision.", schema: answers.revision } },
  },
  {
    route: "DELETE /v1/workflows/:name",
    path: { name: pathParameters.workflow },
    tag: "workflows",
    summary: "Withdraw a workflow; running threads go on",
    callers: "admins",
    answers: { 204: { description: "Withdrawn." } },
  },
  {
    route: "POST /v1/workflows/:name/pause",
    path: { name: pathParameters.workflow },
    tag: "workflows",
    summary: "Start no more threads; new ones queue, running ones go on",
    callers: "admins",
    headers: idempotent,
    body: bodies["POST /v1/workflows/:name/pause"],
    answers: { 202: { description: "The queue.", schema: answers.queue } },
  },
  {
    route: "POST /v1/workflows/:name/unpause",
    path: { name: pathParameters.workflow },
    tag: "workflows",
    summary: "Start threads again",
    callers: "admins",
    headers: idempotent,
    body: bodies["POST /v1/workflows/:name/unpause"],
    answers: { 202: { description: "The queue.", schema: answers.queue } },
  },
  {
    route: "GET /v1/workflows/:name/machines",
    path: { name: pathParameters.workflow },
    tag: "workflows",
    summary: "Show the two machines that the workflow, or one of its revisions, compiled to",
    callers: "operators",
    query: queries.machines,
    answers: { 200: { description: "The machines.", schema: answers.machines } },
  },
];
