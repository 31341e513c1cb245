/** What the routes of `/v1/session` say of themselves. */
import { answers } from "../../../contract/http/answers.ts";
import { queries } from "../../../contract/http/parameters.ts";
import type { RouteDoc } from "../route-doc.ts";

export const sessionDocs: RouteDoc[] = [
  {
    route: "POST /v1/session",
    tag: "session",
    summary:
      "Sign in a browser: the token is exchanged for a cookie that no script can read, and that stands for the token until it is over",
    callers: "everyone",
    query: queries.session,
    answers: { 201: { description: "Signed in.", schema: answers.session } },
  },
  {
    route: "GET /v1/session",
    problems: ["not_found"],
    tag: "session",
    summary: "Show who is signed in, and the `csrf` that a change needs in `X-CSRF-Token`",
    callers: "everyone",
    answers: { 200: { description: "The session of the cookie.", schema: answers.session } },
  },
  {
    route: "DELETE /v1/session",
    problems: ["not_found"],
    tag: "session",
    summary: "Sign out: the cookie is good no more",
    callers: "everyone",
    answers: { 204: { description: "Signed out." } },
  },
];
