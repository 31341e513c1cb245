/** What the routes of `/v1/agents` say of themselves. */

import { answers } from "../../../contract/http/answers.ts";
import { bodies } from "../../../contract/http/bodies.ts";
import { pathParameters, queries } from "../../../contract/http/parameters.ts";
import type { RouteDoc } from "../route-doc.ts";

export const agentDocs: RouteDoc[] = [
  {
    route: "POST /v1/agents",
    problems: ["already_exists"],
    tag: "agents",
    summary: "Register an agent; its token is shown this once",
    callers: "admins",
    body: bodies["POST /v1/agents"],
    answers: { 201: { description: "Registered.", schema: answers.agentWithToken } },
  },
  {
    route: "GET /v1/agents",
    tag: "agents",
    summary: "List agents by id",
    callers: "operators",
    query: queries.agents,
    answers: { 200: { description: "A page.", schema: answers.agents } },
  },
  {
    route: "GET /v1/agents/:id",
    path: { id: pathParameters.agent },
    tag: "agents",
    summary: "Show what an agent may do, and whether it is there",
    callers: "operators",
    answers: { 200: { description: "The agent.", schema: answers.agentWithPresence } },
  },
  {
    route: "PATCH /v1/agents/:id",
    path: { id: pathParameters.agent },
    tag: "agents",
    summary: "Change what an agent may do; what is absent stays",
    callers: "admins",
    body: bodies["PATCH /v1/agents/:id"],
    answers: { 200: { description: "The agent.", schema: answers.agent } },
  },
  {
    route: "DELETE /v1/agents/:id",
    path: { id: pathParameters.agent },
    tag: "agents",
    summary: "Forget an agent; its roles are lost at once",
    callers: "admins",
    answers: { 204: { description: "Gone." } },
  },
  {
    route: "POST /v1/agents/:id/token",
    path: { id: pathParameters.agent },
    tag: "agents",
    summary: "Rotate the token; the former one stays valid for the overlap",
    callers: "admins",
    body: bodies["POST /v1/agents/:id/token"],
    answers: { 200: { description: "The new token, shown this once.", schema: answers.token } },
  },
  {
    route: "POST /v1/agents/:id/revoke",
    path: { id: pathParameters.agent },
    tag: "agents",
    summary: "Void the tokens and close the sockets; the agent stays registered",
    callers: "admins",
    body: bodies["POST /v1/agents/:id/revoke"],
    answers: { 204: { description: "Revoked." } },
  },
];
