/** What the routes of `/v1/enrolments` say of themselves. */

import { answers } from "../../../contract/http/answers.ts";
import { bodies } from "../../../contract/http/bodies.ts";
import { pathParameters, queries } from "../../../contract/http/parameters.ts";
import type { RouteDoc } from "../route-doc.ts";

export const enrolmentDocs: RouteDoc[] = [
  {
    route: "POST /v1/enrolments",
    problems: ["already_exists"],
    tag: "enrolments",
    summary: "Make a one-time code by which a new machine registers itself",
    callers: "admins",
    body: bodies["POST /v1/enrolments"],
    answers: { 201: { description: "The code, shown this once.", schema: answers.enrolment } },
  },
  {
    route: "GET /v1/enrolments",
    tag: "enrolments",
    summary: "List codes that may still be redeemed",
    callers: "operators",
    query: queries.enrolments,
    answers: { 200: { description: "A page.", schema: answers.enrolments } },
  },
  {
    route: "DELETE /v1/enrolments/:id",
    path: { id: pathParameters.enrolment },
    tag: "enrolments",
    summary: "Withdraw a code",
    callers: "admins",
    answers: { 204: { description: "Gone." } },
  },
  {
    route: "POST /v1/enrolments/redeem",
    problems: ["unauthenticated", "already_exists", "rate_limited", "unavailable", "starting", "bug"],
    tag: "enrolments",
    summary: "Redeem a code: registers its agent",
    callers: "anybody",
    body: bodies["POST /v1/enrolments/redeem"],
    answers: { 201: { description: "The agent, with its token, shown this once.", schema: answers.agentWithToken } },
  },
];
