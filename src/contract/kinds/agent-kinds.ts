/** The `nerve.*` kinds that an agent may send: what each says, who takes it, and what *accepted* means of it. */
import * as z from "zod";
import { acceptedKinds } from "../accepts.ts";
import type { CloudEvent, Json } from "../event.ts";
import { anyJson, text as boundedText, namedId } from "../event.ts";
import { limits } from "../limits.ts";
import { open } from "../shape.ts";
import { saidUsage } from "./usage.ts";

const text = boundedText(limits.attributeLength);
/** In what an agent sends, a lease is its generation. */
const lease = z.int().nonnegative();

interface AgentKindRow {
  summary: string;
  /** Unknown members pass. */
  data: z.ZodObject;
  /** The actor whose commit is the acceptance: of the thread that the event names, or the sender's own object. */
  takes: "recruitment" | "task" | "agent";
  /** The member of its data that names the thread. */
  subject: string | null;
  /** What the answer `accepted` means, in a sentence. */
  accepted: string;
}

/** Every kind that agents may send of `nerve.*`; what is no such kind is a workflow's own. */
export const agentKinds = {
  "nerve.offer.claim": {
    summary: "Asks for the role that an offer is about.",
    data: open({ offer: namedId, bid: anyJson.optional(), card: anyJson.optional() }),
    takes: "recruitment",
    subject: "offer",
    accepted: "The claim is stored; the verdict follows as `nerve.claim.accepted` or `nerve.claim.rejected`.",
  },
  "nerve.offer.decline": {
    summary: "Says that the agent will not claim an offer.",
    data: open({ offer: namedId, reason: text.default("") }),
    takes: "recruitment",
    subject: "offer",
    accepted: "The offer waits for this agent no more.",
  },
  "nerve.turn.respond": {
    summary: "Answers a turn.",
    data: open({ turn: namedId, lease, output: z.record(z.string(), anyJson), body: z.string().optional(), usage: saidUsage.optional() }),
    takes: "task",
    subject: "turn",
    accepted: "The output was checked and counts.",
  },
  "nerve.turn.progress": {
    summary: "Says how far a turn is.",
    data: open({ turn: namedId, lease, note: text.optional(), details: anyJson.optional() }),
    takes: "task",
    subject: "turn",
    accepted: "The last details will travel in a hand-over.",
  },
  "nerve.turn.fail": {
    summary: "Gives a turn up.",
    data: open({ turn: namedId, lease, error: text.default("failed"), retryable: z.boolean().default(false), usage: saidUsage.optional() }),
    takes: "task",
    subject: "turn",
    accepted: "The turn has failed, and the role's policy acts.",
  },
  "nerve.role.release": {
    summary: "Gives a role back.",
    data: open({ thread: namedId, role: z.string().min(1).max(128), lease, reason: text.default("") }),
    takes: "recruitment",
    subject: "thread",
    accepted: "The role is free.",
  },
  "nerve.agent.report": {
    summary: "Says what the agent is now; it can only narrow what the registry says.",
    data: open({
      capabilities: z.array(z.string().max(128)).max(256).optional(),
      labels: z.record(z.string(), anyJson).optional(),
      slots: z.int().nonnegative().max(1_000_000).optional(),
      load: z.number().nonnegative().optional(),
      accepts: acceptedKinds.optional(),
    }),
    takes: "agent",
    subject: null,
    accepted: "The agent's card is this from now on.",
  },
} as const satisfies { [kind: string]: AgentKindRow };

/** A `nerve.*` kind that agents may send. */
export type AgentKind = keyof typeof agentKinds;

/** `data` of an {@link AgentKind}, parsed. */
export type AgentData<K extends AgentKind> = z.infer<(typeof agentKinds)[K]["data"]>;

type TakenBy<Actor> = { [K in AgentKind]: (typeof agentKinds)[K]["takes"] extends Actor ? K : never }[AgentKind];

/** Those that a task takes. */
export type TurnKind = TakenBy<"task">;

/** Those that a thread's recruitment takes. */
export type RoleKind = TakenBy<"recruitment">;

/** Those that the sender's own object takes. */
export type OwnKind = TakenBy<"agent">;

/** The kinds that a thread takes: each is judged by its own schema, and what belongs to another kind has no effect in it. */
export type ThreadKind = TurnKind | RoleKind;

/** An event of one of these kinds, its `data` parsed. */
export type ThreadEventOf<K extends ThreadKind> = {
  [Each in K]: CloudEvent & { type: Each; data: AgentData<Each> & { [member: string]: Json } };
}[K];

/** Any thread-bound event: `type` says which. */
export type ThreadEvent = ThreadEventOf<ThreadKind>;

/** Whether it is the kind of something that a thread takes. */
export function isThreadKind(kind: AgentKind): kind is ThreadKind {
  return agentKinds[kind].takes !== "agent";
}

/** Whether a task takes the event, or the recruitment. */
export function isTurnEvent(event: ThreadEvent): event is ThreadEventOf<TurnKind> {
  return agentKinds[event.type].takes === "task";
}
