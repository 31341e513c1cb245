/**
 * The JSON bodies of the HTTP API, by route: each is parsed once, at the door. Strict where a member that is misspelt and so left out
 * would mean something else.
 */
import * as z from "zod";
import { kindPattern, namedId, rfc3339 } from "../event.ts";
import { acknowledgement } from "../frames/acknowledgement.ts";
import { hookSenders } from "../hook-senders.ts";
import { limits } from "../limits.ts";
import { queries } from "./parameters.ts";

interface BodyRow {
  schema: z.ZodType;
  /** Bytes at most. */
  bytes: number;
  /** Whether there must be one; where not, none is as `{}`. */
  required: boolean;
}

/** Bytes of bodies, by what they hold. */
const bytes = {
  /** 256 names in each of three lists, generously. */
  agent: 256 * 1024,
  /** A name and a word or two. */
  small: 1024,
  operator: 4 * 1024,
  /** All the kinds that one agent may subscribe to, generously. */
  subscriptions: 16 * 1024,
  /** An expression, kinds and a secret, each escaped. */
  hook: 64 * 1024,
  /** A thousand numbers. */
  acknowledgement: 64 * 1024,
};

/** Seconds that a former token, or a webhook's former secret, stays good if nobody says otherwise, and at most: an hour to restart in, a day, a week for a fleet. */
const overlapSeconds = { usual: 3_600, most: 7 * 86_400, secret: 86_400 };
/** Seconds that an enrolment's code is good if nobody says otherwise, and at most: a day to walk to the machine, a month for a fleet. */
const codeSeconds = { usual: 86_400, most: 30 * 86_400 };
/** Kinds that one agent may be subscribed to: they are matched at each event. */
const subscriptionsAtMost = 64;

const name = z.string().min(1).max(128);
const reason = z.string().max(limits.attributeLength).optional();
/** A step is named by its round. */
const at = z.int().nonnegative().max(1_000_000).optional();
const output = z.record(z.string(), z.json()).optional();
const kind = z.string().regex(kindPattern, "an event's kind: dotted segments of a-z 0-9 _ -, at most 128 characters");
const agentId = namedId;
// `to` lists `cap:x` by commas.
const capability = z.string().regex(/^[^\s,\p{Cc}]{1,128}$/u, "1 to 128 characters, none of them a space or a comma");
const grant = z.string().regex(/^[^\s/\p{Cc}]{1,128}\/[^/\p{Cc}]{1,128}$/u, "`workflow/role`");
const listened = z
  .string()
  .max(128)
  .refine((text) => kindPattern.test(text.endsWith(".*") ? text.slice(0, -2) : text), "an event's kind, or a prefix `x.*`")
  .refine((text) => !/^nerve\.(.+\.)?\*$/.test(text), "the orchestrator's own kinds are subscribed to one by one");

/** Operators make webhooks, so these may have a prefix of the orchestrator's own kinds as well. */
const sent = z
  .string()
  .max(128)
  .refine(
    (text) => text === "*" || kindPattern.test(text.endsWith(".*") ? text.slice(0, -2) : text),
    "an event's kind, a prefix `x.*`, or `*`",
  );

/** What a hook's map may make: a stranger's words never count as the orchestrator's, or as an agent's about its work. */
const mapped = z
  .string()
  .max(128)
  .refine((text) => kindPattern.test(text.endsWith(".*") ? text.slice(0, -2) : text), "an event's kind, or a prefix `x.*`")
  .refine((text) => !/^(nerve|xstate)\./.test(text), "hooks make no nerve.* and no xstate.* events");
const map = z
  .string()
  .min(1)
  .max(8_192)
  .describe("JSONata over `{event, body, headers, delivery}` that gives an event, a list of events, or nothing.");
const secret = z
  .string()
  .min(1)
  .max(512)
  .optional()
  .describe("The one that the sender made; absent: a new one is made, and shown this once.");

/** A right that is misspelt and so left out would mean "all". */
const rights = {
  capabilities: z.array(capability).max(256).optional(),
  roles: z.array(grant).max(256).nullable().optional().describe("`workflow/role` grants; absent or null: all."),
  kinds: z.array(kind).max(256).nullable().optional().describe("Kinds that it may send; absent or null: all."),
};

const nothing = z.strictObject({});
const orders = { bytes: limits.eventBytes, required: false };
/** One call retries a page: each event is a call to an object. */
const retry = z.strictObject({
  thread: queries.deadLetters.parameters.thread.schema,
  after: queries.deadLetters.parameters.after.schema,
  limit: z.int().min(1).max(limits.pageMax).default(limits.page),
});

export const bodies = {
  "POST /v1/inbox/ack": { schema: acknowledgement, bytes: bytes.acknowledgement, required: true },
  "POST /v1/broadcasts": {
    schema: z.strictObject({
      kind,
      to: z.string().min(1).max(limits.toLength),
      data: z.json().optional(),
      id: namedId.optional(),
    }),
    bytes: limits.eventBytes,
    required: true,
  },
  "POST /v1/threads/:id/cancel": { schema: z.strictObject({ reason }), ...orders },
  "POST /v1/threads/:id/suspend": { schema: z.strictObject({ reason }), ...orders },
  "POST /v1/threads/:id/resume": { schema: z.strictObject({ reason, supplement: z.json().optional() }), ...orders },
  "POST /v1/threads/:id/restart": {
    schema: z.strictObject({
      reason,
      at: at.describe("The turns go on after this step, as if it had just been answered; absent or 0: from the start."),
      output: output.describe("In place of what was answered at that step, which does not count any more."),
    }),
    ...orders,
  },
  "POST /v1/threads/:id/fork": {
    schema: z.strictObject({
      reason,
      at: at.describe("The last step that is copied; absent: all."),
      output: output.describe("In place of what was answered at that step."),
      roles: z.record(name, name).optional().describe("Other agents in roles."),
      revision: name.optional(),
    }),
    ...orders,
  },
  "POST /v1/threads/:id/roles/:role": { schema: z.strictObject({ reason, agent: name.optional() }), ...orders },
  "POST /v1/workflows/:name/pause": { schema: z.strictObject({ reason }), ...orders },
  "POST /v1/workflows/:name/unpause": { schema: nothing, ...orders },
  "POST /v1/placement": { schema: z.strictObject({ placement: z.literal("own") }), bytes: bytes.small, required: true },
  "POST /v1/agents": { schema: z.strictObject({ id: agentId, ...rights }), bytes: bytes.agent, required: true },
  "PATCH /v1/agents/:id": { schema: z.strictObject(rights), bytes: bytes.agent, required: true },
  "POST /v1/agents/:id/token": {
    schema: z.strictObject({ overlapSeconds: z.int().min(0).max(overlapSeconds.most).default(overlapSeconds.usual) }),
    bytes: bytes.small,
    required: false,
  },
  "PUT /v1/agents/:id/card": {
    schema: z.strictObject({ description: z.string().min(1).max(limits.attributeLength).optional() }),
    bytes: bytes.agent,
    required: false,
  },
  "PUT /v1/agents/:id/subscriptions": {
    schema: z.strictObject({ kinds: z.array(listened).max(subscriptionsAtMost) }),
    bytes: bytes.subscriptions,
    required: true,
  },
  "POST /v1/agents/:id/revoke": { schema: nothing, bytes: bytes.small, required: false },
  "POST /v1/tickets": { schema: nothing, bytes: bytes.small, required: false },
  "POST /v1/enrolments": {
    schema: z.strictObject({
      agent: agentId,
      ...rights,
      expiresInSeconds: z.int().min(1).max(codeSeconds.most).default(codeSeconds.usual),
    }),
    bytes: bytes.agent,
    required: true,
  },
  "POST /v1/enrolments/redeem": {
    schema: z.strictObject({ code: z.string().min(1).max(128) }),
    bytes: bytes.small,
    required: true,
  },
  "POST /v1/operators": {
    schema: z.strictObject({
      name: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, "1 to 64 of A-Z a-z 0-9 _ -"),
      access: z.enum(["read", "admin"]),
    }),
    bytes: bytes.operator,
    required: true,
  },
  "POST /v1/webhooks": {
    schema: z.strictObject({
      url: z.string().min(1).max(2_048),
      kinds: z.array(sent).min(1).max(subscriptionsAtMost),
      workflow: name.nullable().optional(),
      role: name.nullable().optional(),
      agent: agentId.nullable().optional(),
      links: z
        .string()
        .max(1_024)
        .regex(/^https?:\/\/[^\s/]+/, "an address, e.g. `https://nerve.example.com`")
        .optional(),
      note: z.string().max(256).default(""),
    }),
    bytes: bytes.subscriptions,
    required: true,
  },
  "POST /v1/webhooks/:id/secret": {
    schema: z.strictObject({ overlapSeconds: z.int().min(0).max(overlapSeconds.most).default(overlapSeconds.secret) }),
    bytes: bytes.small,
    required: false,
  },
  "POST /v1/webhooks/:id/resume": { schema: nothing, bytes: bytes.small, required: false },
  "POST /v1/webhooks/:id/replay": {
    schema: z
      .strictObject({
        after: z.int().nonnegative().optional(),
        since: z.string().regex(rfc3339, "an RFC 3339 time").optional(),
        deadLetters: z.union([z.literal("all"), z.array(z.int().nonnegative()).min(1).max(limits.pageMax)]).optional(),
      })
      .refine(
        (body) => Object.values(body).filter((value) => value !== undefined).length === 1,
        "one of `after`, `since` and `deadLetters`",
      ),
    bytes: bytes.operator,
    required: true,
  },
  "POST /v1/hooks": {
    schema: z.strictObject({
      name: z.string().regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, "1 to 64 of a-z 0-9 _ -"),
      from: z.enum(hookSenders),
      kinds: z.array(mapped).min(1).max(subscriptionsAtMost),
      map,
      secret,
      note: z.string().max(256).default(""),
    }),
    bytes: bytes.hook,
    required: true,
  },
  "PATCH /v1/hooks/:name": {
    schema: z
      .strictObject({
        kinds: z.array(mapped).min(1).max(subscriptionsAtMost).optional(),
        map: map.optional(),
        note: z.string().max(256).optional(),
      })
      .refine((body) => Object.values(body).some((value) => value !== undefined), "one of `kinds`, `map` and `note` at least"),
    bytes: bytes.hook,
    required: true,
  },
  "POST /v1/hooks/:name/secret": {
    schema: z.strictObject({ overlapSeconds: z.int().min(0).max(overlapSeconds.most).default(overlapSeconds.secret), secret }),
    bytes: bytes.small,
    required: false,
  },
  "POST /v1/hooks/:name/test": {
    schema: z.strictObject({
      headers: z.record(z.string().max(128), z.string().max(4_096)).default({}),
      body: z.string().describe("The payload as it came."),
      map: map.optional().describe("Tried in place of the hook's own."),
    }),
    bytes: limits.bodyBytes,
    required: true,
  },
  "POST /v1/dead-letters/retry": { schema: retry, ...orders },
  "POST /v1/dead-letters/:id/retry": { schema: nothing, ...orders },
  "POST /v1/dead-letters/:id/drop": { schema: nothing, ...orders },
} as const satisfies { [route: string]: BodyRow };

/** A route that takes a JSON body. */
export type BodyRoute = keyof typeof bodies;

/** Its body, parsed. */
export type BodyOf<R extends BodyRoute> = z.output<(typeof bodies)[R]["schema"]>;
