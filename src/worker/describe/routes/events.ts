/** What the routes of `/v1/events` say of themselves. */

import * as z from "zod";
import { cloudEvent, postedEvent } from "../../../contract/event.ts";
import { accepted, rejected } from "../../../contract/frames/server-frames.ts";
import { answers } from "../../../contract/http/answers.ts";
import { cloudEventHeaders, pathParameters, queries } from "../../../contract/http/parameters.ts";
import { lastEventId, type RouteDoc } from "../route-doc.ts";

export const eventDocs: RouteDoc[] = [
  {
    route: "POST /v1/events",
    problems: [
      "forbidden",
      "not_found",
      "unknown_kind",
      "source_mismatch",
      "id_conflict",
      "stale_lease",
      "turn_over",
      "offer_closed",
      "not_allowed_now",
      "output_invalid",
      "mailbox_full",
    ],
    tag: "events",
    summary: "Post an event, or up to 100; each is judged alone, and the same id with the same body is answered the same",
    callers: "everyone",
    headers: cloudEventHeaders,
    body: {
      schema: z.union([postedEvent, z.array(postedEvent)]),
      types: ["application/cloudevents+json", "application/cloudevents-batch+json", "application/json"],
    },
    answers: {
      202: {
        description: "Stored. A batch is answered by an array, in order.",
        schema: z.union([accepted, z.array(z.union([accepted, rejected]))]),
      },
    },
  },
  {
    route: "GET /v1/events",
    tag: "events",
    summary: "Read the log: a page, or with `follow` a stream of what comes",
    callers: "everyone",
    query: queries.log,
    headers: lastEventId,
    answers: {
      200: {
        description:
          "A page; with `follow` the log's entries as they come, each with its position as `id`; or the events alone, if `Accept` asks for a batch.",
        schema: answers.log,
        also: { "text/event-stream": null, "application/cloudevents-batch+json": z.array(cloudEvent) },
      },
    },
  },
  {
    route: "GET /v1/events/archive",
    tag: "events",
    summary: "Read the log as lines of JSON from a position on, for keeping",
    callers: "operators",
    query: queries.archive,
    answers: { 200: { description: "`{position, recordedAt, event}` a line.", type: "application/x-ndjson" } },
  },
  {
    route: "DELETE /v1/events/archive",
    tag: "events",
    summary: "Delete what was archived, up to a position and a time, in steps: again until nothing is deleted",
    callers: "admins",
    query: queries.prune,
    answers: { 200: { description: "How many were deleted.", schema: answers.pruned } },
  },
  {
    route: "GET /v1/events/:id",
    path: { id: pathParameters.event },
    tag: "events",
    summary: "Show an event; to its sender and to operators also what each reflex said and who has it",
    callers: "everyone",
    query: queries.event,
    answers: { 200: { description: "The event and its place in the log.", schema: answers.logEntry } },
  },
];
