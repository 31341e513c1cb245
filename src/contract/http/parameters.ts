/** Every parameter of the HTTP API, by the route that takes it. */
import * as z from "zod";
import { artifactLimits } from "../artifact.ts";
import { channels, connectionName, replacedAtMost, subprotocol } from "../channels.ts";
import { idHint, idPattern, kindPattern, rfc3339 } from "../event.ts";
import { limits } from "../limits.ts";
import { presenceStates, threadStatuses } from "../statuses.ts";
import { allWaitWords } from "../waits.ts";
import {
  emptyIsAbsent,
  flag,
  list,
  looseQuery,
  moment,
  oneOf,
  required,
  strictQuery,
  text,
  wholeNumber,
  withDefault,
} from "./parameter.ts";

/** As kinds and actions are, so that what can't be one is told rather than answered with nothing. */
const kindOrPrefix = /^(?=.{1,130}$)[a-z0-9_-]+(\.[a-z0-9_-]+)*(\.\*)?$/;

const exampleThread = "tq7zvw2m4k6n5p3r2s4t6u5v7x";

/** What stands in a path, by what it names. What fits no pattern names nothing. */
export const pathParameters = {
  thread: required(text("The thread's id.", { example: exampleThread, pattern: /^t[a-z0-9]{25}$/ })),
  agent: required(text("The agent's id.", { example: "alice", pattern: idPattern, hint: idHint })),
  workflow: required(
    text("The workflow's name.", {
      example: "code-review",
      pattern: /^(?=.{1,128}$)[a-z0-9]+(-[a-z0-9]+)*$/,
      hint: "kebab-case, at most 128 characters",
    }),
  ),
  revision: required(
    text("The revision, or the first six of its digits and more.", {
      example: "5f2c8e1d",
      pattern: /^[0-9a-f]{6,32}$/,
      hint: "6 to 32 hexadecimal digits",
    }),
  ),
  role: required(text("The role's name in its workflow.", { example: "reviewer" })),
  event: required(text("The event's id.", { example: "01J9Z3-review" })),
  broadcast: required(text("The id that the broadcast was given.", { example: "6f0c1c9e-6d0c-4a4f-9f0e-3f1f0a2b7c11" })),
  enrolment: required(text("The enrolment's id, which is not its code.", { example: "6f0c1c9e-6d0c-4a4f-9f0e-3f1f0a2b7c11" })),
  operator: required(text("The operator's name.", { example: "carol" })),
  artifact: required(
    text("The artifact's id: `sha256:` and the hash of its content.", {
      example: "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
      pattern: /^sha256:[0-9a-f]{64}$/,
    }),
  ),
  upload: required(
    text("The upload's id, which is in its `Location`.", { example: "6f0c1c9e-6d0c-4a4f-9f0e-3f1f0a2b7c11", pattern: /^[0-9a-f-]{36}$/ }),
  ),
  webhook: required(text("The webhook's id.", { example: "6f0c1c9e-6d0c-4a4f-9f0e-3f1f0a2b7c11" })),
  hook: required(text("The hook's name.", { example: "github" })),
  deadLetter: required(
    text("The dead letter's id, as the list gives it.", { example: `${exampleThread}:12`, pattern: /^(t[a-z2-7]{25}):(t?\d{1,12})$/ }),
  ),
};

/** Headers that some routes take, by name. */
export const headerParameters = {
  // A browser that has seen no id may send an empty one.
  "Last-Event-ID": emptyIsAbsent(
    wholeNumber("Of a reader that comes back: the `id` of the last event that it got. It is given what came after.", { example: 7 }),
  ),
  "Idempotency-Key": text(
    "Makes the order one order, however often it is sent: the same key with the same body gets the first answer and does nothing more, with another body `id_conflict`. Known for a day, and the last 100 of a thread or workflow.",
    {
      example: "6f0c1c9e-6d0c-4a4f-9f0e-3f1f0a2b7c11",
      pattern: /^[\x21-\x7e]+$/,
      hint: "visible characters of ASCII, a UUID for example",
      most: limits.idempotencyKeyLength,
    },
  ),
  "Upload-Complete": oneOf(["?0", "?1"], "Whether the body is the last of it; absent, a POST's is and a PATCH's is not.", "?1"),
  "Upload-Length": wholeNumber("Bytes of the whole, where the body is not the whole.", { example: 20_000_000 }),
  "Upload-Offset": wholeNumber("Where the body belongs: what HEAD answers.", { example: 5_242_880 }),
  "Repr-Digest": text("SHA-256 of the whole content (RFC 9530). What hashes to something else is deleted.", {
    example: "sha-256=:n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=:",
  }),
  "Content-Disposition": text("Its name (RFC 6266).", {
    example: "attachment; filename*=UTF-8''report.pdf",
    most: 4 * artifactLimits.nameLength,
  }),
  Range: text("One range of bytes; several are answered in full.", { example: "bytes=0-1023" }),
  Upgrade: oneOf(["websocket"], "Asks for a WebSocket.", "websocket"),
  "Sec-WebSocket-Protocol": text(
    `\`${subprotocol}\`. A browser, which can set no \`Authorization\` on a socket, may say its token as the second subprotocol.`,
    { example: subprotocol },
  ),
};

/** An event in binary mode: each attribute is a header, percent-encoded, and the body is the data. Other attributes travel so too. */
export const cloudEventHeaders = {
  "ce-specversion": text("Says that the event is in binary mode.", { example: "1.0", pattern: /^1\.0$/ }),
  "ce-id": text("The event's id, by which a repeat is known.", { example: "01J9Z3-review", pattern: idPattern, hint: idHint }),
  "ce-type": text("The event's kind.", { example: "pr.ready_for_review", pattern: kindPattern }),
  "ce-source": text("The sender; stamped where absent, refused where it is another.", { example: "/agents/alice", most: 256 }),
  "ce-time": text("When it happened, RFC 3339; stamped where absent.", { example: "2026-11-20T12:00:00Z", pattern: rfc3339 }),
  "ce-subject": text("What it is about.", { example: "pr/115", least: 1, most: limits.attributeLength }),
  "ce-dataschema": text("Where the schema of its data is.", {
    example: "https://example.com/pr.json",
    least: 1,
    most: limits.attributeLength,
  }),
  "ce-correlationid": text("The thread that it belongs to.", { example: exampleThread, pattern: idPattern, hint: idHint }),
  "ce-causationid": text("The event that caused it.", { example: "01J9Z3-review", pattern: idPattern, hint: idHint }),
  "ce-traceparent": text("The W3C trace context.", { example: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", most: 256 }),
  "ce-tracestate": text("The W3C trace state.", { example: "vendor=1", most: 512 }),
  "ce-to": text("Whom it is for: `*`, or `agents/x`, `cap:x`, `role:x`, `workflows/x` with commas between.", {
    example: "cap:code-review",
    most: limits.toLength,
  }),
};

const limit = withDefault(
  wholeNumber(`Rows of the page; more than ${limits.pageMax} is taken as ${limits.pageMax}.`, {
    example: 20,
    least: 1,
    most: limits.pageMax,
  }),
  limits.page,
);
const afterName = text("The `next` of the page before: what comes after it.", { example: "alice", most: 128 });
const afterNumber = wholeNumber("The `next` of the page before: what comes after it.", { example: 50 });
const client = text("What the process calls itself; it is told of others with the same token.", {
  example: "a",
  pattern: connectionName,
});

/** What every way to a mailbox takes. */
const connecting = {
  channel: withDefault(
    list("The channels to read, with commas between.", z.enum(channels), {
      example: ["my"],
      type: { type: "string", enum: [...channels] },
      least: 1,
      most: channels.length,
    }),
    [...channels],
  ),
  after: wholeNumber("Only what comes after this `seq`. Without it, everything that is not acknowledged.", { example: 7 }),
  connection: text("What the client calls this connection.", { example: "a.2", pattern: connectionName }),
  replaces: list(
    "Connections that this one takes the place of, with commas between: what they hold is free at once.",
    z.string().regex(connectionName),
    { example: ["a.1", "a.0"], type: { type: "string", pattern: connectionName.source }, most: replacedAtMost },
  ),
  client,
};

/** What streams and sockets take beside. */
const ticket = text("Of `POST /v1/tickets`: stands for the token where no header can be set, as in a browser. Good once.", {
  example: "alice.TICKET",
  most: 512,
});

const name = (description: string, example: string) => text(description, { example, least: 1, most: 128 });

/** The queries, by what they ask. */
export const queries = {
  me: looseQuery({ client }),
  types: strictQuery({
    workflows: list("The workflows that are asked about, with commas between.", z.string().min(1).max(128), {
      example: ["code-review", "debate"],
      type: { type: "string", minLength: 1, maxLength: 128 },
      least: 1,
      most: limits.typedWorkflows,
    }),
  }),
  inbox: looseQuery({
    ...connecting,
    wait: withDefault(
      wholeNumber(`Seconds to wait for something to come; more than ${limits.pollSeconds} is taken as ${limits.pollSeconds}.`, {
        example: limits.pollSeconds,
        most: limits.pollSeconds,
      }),
      0,
    ),
    limit,
  }),
  connect: looseQuery({ ...connecting, ticket }),
  session: strictQuery({ ticket }),

  log: strictQuery({
    type: text("Events of this kind; `x.*` is every kind that begins with `x.`.", {
      example: "pr.*",
      pattern: kindOrPrefix,
      hint: "an event's kind, or a prefix `x.*`; without it all are meant",
    }),
    source: text("Events of this sender.", {
      example: "/agents/alice",
      most: limits.attributeLength,
      pattern: /^\/./,
      hint: "a sender as events name it, such as /agents/alice",
    }),
    correlationid: text("Events of this thread.", { example: exampleThread, least: 1, most: limits.attributeLength }),
    causationid: text("Events that this one caused.", { example: "01J9Z3-review", least: 1, most: limits.attributeLength }),
    after: wholeNumber("Oldest first, from after this position on.", { example: 1200 }),
    before: wholeNumber("Newest first, from before this position on.", { example: 1200 }),
    since: moment("Recorded at this time or later, by the log's own clock."),
    until: moment("Recorded before this time, by the log's own clock."),
    limit,
    follow: flag("Answers by a stream of what comes, as server-sent events. It begins at `Last-Event-ID`, `after` or `since`, else now."),
    changes: flag(
      "Of a followed log: says by events named `changed`, once a second at most, that something else has changed, as who is there.",
    ),
    reader: text("Of a followed log: what the reader calls itself. One of the same caller that has the name is over.", {
      example: "page-1",
      least: 1,
      most: 64,
    }),
    replaces: text("Of a followed log: a reader of the same caller that is over.", { example: "page-0", least: 1, most: 64 }),
    ticket,
  }),
  archive: strictQuery({
    after: wholeNumber("From after this position on.", { example: 1200 }),
    until: moment("Recorded before this time."),
  }),
  prune: strictQuery({
    through: required(wholeNumber("Up to this position, which is deleted too.", { example: 1200 })),
    until: required(moment("Recorded before this time.")),
  }),
  event: strictQuery({
    source: text("Whose event it is, where several senders used the id.", {
      example: "/agents/alice",
      least: 1,
      most: limits.attributeLength,
    }),
  }),
  numbered: strictQuery({ after: afterNumber, limit }),
  history: strictQuery({
    after: afterNumber,
    taskAfter: wholeNumber("Of the task's steps, those after this one. Default: `after`.", { example: 40 }),
    limit,
  }),

  threads: strictQuery({
    workflow: name("Threads of this workflow.", "code-review"),
    status: oneOf(threadStatuses, "Threads in this state.", "recruiting"),
    agent: name("Threads in which this agent holds a role, or held one.", "alice"),
    parent: name("Threads that this one began.", exampleThread),
    waiting: oneOf(["any", ...allWaitWords], "Threads that wait, for this or for `any`thing: who has waited longest comes first.", "any"),
    on: name("Threads that wait for this agent.", "alice"),
    count: flag("Counts all that fit, by status, up to 10,000."),
    after: text("The `next` of the page before.", {
      example: "1763640000000.42",
      pattern: /^\d{1,15}(\.\d{1,15})?$/,
      hint: "a cursor that `next` gave",
    }),
    limit,
  }),
  workflows: strictQuery({ after: afterName, limit }),
  machines: strictQuery({
    revision: text("Those of this revision, as that of a thread: all of its digits. Default: of the published one.", {
      example: "eb18d2df54c2e5ef9b7f637f14dccec0",
      pattern: /^[0-9a-f]{32}$/,
      hint: "32 hexadecimal digits",
    }),
  }),
  agents: strictQuery({
    capability: text("Agents that have this capability.", {
      example: "code-review",
      pattern: /^[^\s,\p{Cc}]{1,128}$/u,
      hint: "1 to 128 characters, none of them a space or a comma",
    }),
    presence: oneOf(presenceStates, "Agents that are so, as their objects last said.", "online"),
    after: afterName,
    limit,
  }),
  enrolments: strictQuery({ after: afterName, limit }),
  operators: strictQuery({ after: afterName, limit }),
  audit: strictQuery({
    operator: text("Decisions of this operator.", { example: "carol", least: 1, most: 256 }),
    action: text("Decisions of this kind; `x.*` is every kind that begins with `x.`.", {
      example: "threads.cancel",
      pattern: kindOrPrefix,
      hint: "an action such as threads.cancel, or a prefix `threads.*`; without it all are meant",
    }),
    target: text("Decisions about this: an id or a name.", { example: exampleThread, least: 1, most: 256 }),
    after: wholeNumber("The `next` of the page before: what is older.", { example: 50 }),
    limit,
  }),
  deadLetters: strictQuery({
    thread: text("Dead letters of this thread.", { example: exampleThread, most: 128 }),
    after: text("The `next` of the page before.", {
      example: `${exampleThread}:12`,
      pattern: /^(t[a-z2-7]{25}):(t?\d{1,12})$/,
      hint: "an id of the list",
    }),
    limit,
  }),
  artifacts: strictQuery({
    thread: text("Only what this thread refers to.", { example: exampleThread, pattern: /^t[a-z0-9]{25}$/ }),
    after: text("The `next` of the page before: what comes after it.", {
      example: "1764150000000.9f86",
      pattern: /^\d{1,15}\.[0-9a-f]{1,64}$/,
      most: 128,
    }),
    limit,
  }),
  webhooks: strictQuery({ after: afterName, limit }),
  hooks: strictQuery({ after: afterName, limit }),
  webhookDeadLetters: strictQuery({ after: afterNumber, limit }),
  schemas: strictQuery({
    kind: text("Who accepts this kind.", { example: "pr.ready_for_review", pattern: kindPattern }),
    agent: text("What this agent accepts.", { example: "alice", pattern: idPattern, hint: idHint }),
    after: text("The `next` of the page before.", { example: "alice pr.ready_for_review", most: 300 }),
    limit,
  }),
};
