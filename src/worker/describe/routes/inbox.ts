/** What the routes of `/v1/me`, the inbox and its connections say of themselves. */

import { inboxPage } from "../../../contract/frames/server-frames.ts";
import { answers } from "../../../contract/http/answers.ts";
import { bodies } from "../../../contract/http/bodies.ts";
import { headerParameters, queries } from "../../../contract/http/parameters.ts";
import { lastEventId, type RouteDoc } from "../route-doc.ts";

export const inboxDocs: RouteDoc[] = [
  {
    route: "GET /v1/me",
    tag: "inbox",
    summary: "Show what the server says of the caller: rights, roles held, open turns and offers",
    callers: "everyone",
    query: queries.me,
    answers: { 200: { description: "The caller.", schema: answers.me } },
  },
  {
    route: "GET /v1/me/types",
    tag: "inbox",
    summary: "Show what types of workflows depend on, as fingerprints: whoever made types of another revision sees that they are stale",
    callers: "everyone",
    query: queries.types,
    answers: { 200: { description: "Of those that are published and that the caller has a part in.", schema: answers.types } },
  },
  {
    route: "GET /v1/inbox",
    tag: "inbox",
    summary: "Poll what is not acknowledged; `wait` holds the answer until something comes",
    callers: "everyone",
    query: queries.inbox,
    answers: { 200: { description: "A page.", schema: inboxPage } },
  },
  {
    route: "POST /v1/inbox/ack",
    tag: "inbox",
    summary: "Acknowledge what was dealt with",
    callers: "everyone",
    body: bodies["POST /v1/inbox/ack"],
    answers: { 204: { description: "Noted." } },
  },
  {
    route: "GET /v1/connect",
    problems: ["forbidden"],
    tag: "inbox",
    summary: "Open a WebSocket; its frames are in /v1/asyncapi.json",
    callers: "everyone",
    query: queries.connect,
    headers: { Upgrade: headerParameters.Upgrade, "Sec-WebSocket-Protocol": headerParameters["Sec-WebSocket-Protocol"] },
    answers: { 101: { description: "The socket." } },
  },
  {
    route: "GET /v1/inbox/stream",
    problems: ["forbidden"],
    tag: "inbox",
    summary: "Open an event stream; resumes by Last-Event-ID",
    callers: "everyone",
    query: queries.connect,
    headers: lastEventId,
    answers: { 200: { description: "The stream.", type: "text/event-stream" } },
  },
  {
    route: "POST /v1/tickets",
    tag: "inbox",
    summary: "Get a short-lived ticket with which a browser opens a stream, the log's tail or a socket",
    callers: "everyone",
    body: bodies["POST /v1/tickets"],
    answers: { 201: { description: "The ticket, good once.", schema: answers.ticket } },
  },
];
