/** What the routes of `/v1/hooks` say of themselves. */

import { answers } from "../../../contract/http/answers.ts";
import { bodies } from "../../../contract/http/bodies.ts";
import { pathParameters, queries } from "../../../contract/http/parameters.ts";
import type { RouteDoc } from "../route-doc.ts";

const path = { name: pathParameters.hook };

export const hookDocs: RouteDoc[] = [
  {
    route: "POST /v1/hooks/:name",
    path,
    problems: [
      "malformed",
      "unauthenticated",
      "too_large",
      "mapping_failed",
      "rate_limited",
      "unavailable",
      "mailbox_full",
      "starting",
      "bug",
    ],
    tag: "hooks",
    summary: "Post to a hook, signed as its sender signs; a repeat of a delivery is answered as the first",
    callers: "anybody",
    body: { types: ["application/json", "application/x-www-form-urlencoded"], required: true },
    answers: { 202: { description: "Taken: what was made of it is in the log. Or ignored, as the map says.", schema: answers.hookAnswer } },
  },
  {
    route: "POST /v1/hooks",
    problems: ["already_exists", "not_allowed_now"],
    tag: "hooks",
    summary: "Let a service post here, and say which events its deliveries become; a secret that is made is shown this once",
    callers: "admins",
    body: bodies["POST /v1/hooks"],
    answers: { 201: { description: "Made.", schema: answers.hookWithSecret } },
  },
  {
    route: "GET /v1/hooks",
    tag: "hooks",
    summary: "List hooks",
    callers: "operators",
    query: queries.hooks,
    answers: { 200: { description: "A page.", schema: answers.hooks } },
  },
  {
    route: "GET /v1/hooks/:name",
    path,
    tag: "hooks",
    summary: "Show a hook: its map, what it took, and what it refused and why",
    callers: "operators",
    answers: { 200: { description: "The hook.", schema: answers.hookWithStanding } },
  },
  {
    route: "PATCH /v1/hooks/:name",
    path,
    tag: "hooks",
    summary: "Give a hook another map, other kinds or another note",
    callers: "admins",
    body: bodies["PATCH /v1/hooks/:name"],
    answers: { 200: { description: "As it is now.", schema: answers.hookWithStanding } },
  },
  {
    route: "DELETE /v1/hooks/:name",
    path,
    tag: "hooks",
    summary: "Remove a hook; nothing is taken any more",
    callers: "admins",
    answers: { 204: { description: "Gone." } },
  },
  {
    route: "POST /v1/hooks/:name/secret",
    path,
    tag: "hooks",
    summary: "Give a hook another secret; for a while the former is good as well",
    callers: "admins",
    body: bodies["POST /v1/hooks/:name/secret"],
    answers: { 200: { description: "Changed.", schema: answers.hookSecret } },
  },
  {
    route: "POST /v1/hooks/:name/test",
    path,
    problems: ["mapping_failed"],
    tag: "hooks",
    summary: "Say what a map makes of a payload; nothing is sent, and no signature asked for",
    callers: "admins",
    body: bodies["POST /v1/hooks/:name/test"],
    answers: { 200: { description: "What would be sent.", schema: answers.hookTrial } },
  },
];
