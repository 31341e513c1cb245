/** The `nerve.*` kinds that the orchestrator says: what each says, who says it, and whom it reaches. */
import * as z from "zod";
import type { Channel } from "../channels.ts";
import { reflexKinds, wordsOf } from "../language.ts";
import { deliveryRefusals, tellCodes } from "../refusals.ts";
import { json, open } from "../shape.ts";
import type { engineKindNames } from "./engine-kind-names.ts";
import { claimAccepted, claimRejected, offerClosed, offerOpened } from "./offer.ts";
import { roleAssigned, roleEnded, threadEnded, threadGoing } from "./thread.ts";
import { turnAssigned, turnLogged, turnRevoked } from "./turn.ts";

interface EngineKindRow {
  summary: string;
  data: z.ZodType;
  /** What the log keeps of `data`, where that is less. */
  logged?: z.ZodType;
  /** Which actor says it. */
  from: "recruitment" | "task" | "workflow" | "mailbox" | "router";
  /** The channel on which agents get it; null: none does, it is in the log. */
  channel: Channel | null;
  /** Whom it is sent to. All are in the log, and may be listened to by reflexes. */
  audience: string;
}

const everyone = "whoever holds a role of the thread, and the agent that started it";
const life = { from: "recruitment", channel: "my", audience: everyone } as const;
const queue = { from: "workflow", channel: "my", audience: "the agent whose event started it" } as const;
const unsent = { channel: null, audience: "nobody" } as const;

/** Every kind that the orchestrator says. Whatever makes an event takes its kind from here. */
export const engineKinds = {
  "nerve.offer.opened": {
    summary: "A role may be claimed.",
    data: offerOpened,
    ...{ from: "recruitment", channel: "open", audience: "agents that may hold the role" },
  },
  "nerve.offer.closed": {
    summary: "It may not any more.",
    data: offerClosed,
    ...{ from: "recruitment", channel: "open", audience: "agents that were offered it" },
  },
  "nerve.claim.accepted": {
    summary: "The role is yours.",
    data: claimAccepted,
    ...{ from: "recruitment", channel: "my", audience: "the agent that claimed" },
  },
  "nerve.claim.rejected": {
    summary: "The role is another's, or not for you.",
    data: claimRejected,
    ...{ from: "recruitment", channel: "my", audience: "the agent that claimed" },
  },
  "nerve.role.assigned": {
    summary: "A role is yours that you did not claim.",
    data: roleAssigned,
    ...{ from: "recruitment", channel: "my", audience: "the role's new holder" },
  },
  "nerve.role.ended": {
    summary: "A role is yours no more, while the thread goes on.",
    data: roleEnded,
    ...{ from: "recruitment", channel: "my", audience: "the role's former holder" },
  },
  "nerve.turn.assigned": {
    summary: "It is your turn.",
    data: turnAssigned,
    logged: turnLogged,
    ...{ from: "task", channel: "my", audience: "the role's holder; of a broadcast, all who are asked" },
  },
  "nerve.turn.revoked": {
    summary: "The turn was taken back: drop the work.",
    data: turnRevoked,
    ...{ from: "task", channel: "my", audience: "whoever had the turn" },
  },
  "nerve.thread.queued": { summary: "The thread waits for a place.", data: threadGoing, ...queue },
  "nerve.thread.started": { summary: "The team is complete.", data: threadGoing, ...life },
  "nerve.thread.suspended": { summary: "A person is waited for.", data: threadGoing, ...life },
  "nerve.thread.resumed": { summary: "It goes on.", data: threadGoing, ...life },
  "nerve.thread.completed": { summary: "It came to its end.", data: threadEnded, ...life },
  "nerve.thread.failed": { summary: "It cannot go on.", data: threadEnded, ...life },
  "nerve.thread.cancelled": { summary: "A person or a reflex ended it.", data: threadEnded, ...life },
  "nerve.thread.dropped": { summary: "It never begins.", data: threadGoing, ...queue },
  "nerve.thread.spawned": {
    summary: "A step asks for a thread of another workflow; the data is what that one begins with.",
    data: json,
    ...{ from: "task", ...unsent },
  },
  "nerve.spawn.refused": {
    summary: "No published workflow takes what a step asked for.",
    data: open({ workflow: z.string(), reason: z.string() }),
    ...{ from: "task", ...unsent },
  },
  "nerve.chain.stopped": {
    summary: "Events caused one another too often: these reflexes did not fire.",
    data: open({
      kind: z.string(),
      depth: z.int(),
      limit: z.int(),
      reflexes: z.array(open({ workflow: z.string(), place: z.int(), kind: z.enum(wordsOf(reflexKinds)) })),
    }),
    ...{ from: "router", ...unsent },
  },
  "nerve.delivery.refused": {
    summary: "A mailbox will never take the event that caused this one.",
    data: open({
      source: z.string().describe("Of the event that was refused."),
      agent: z.string().describe("Whose mailbox refused it."),
      code: z.string().describe(`Why.\n${tellCodes(deliveryRefusals)}`),
      detail: z.string(),
    }),
    ...{ from: "mailbox", ...unsent },
  },
  "nerve.schedule.due": {
    summary: "A workflow's schedule is due; the data is what its thread begins with: the planned time, or the reflex's `input`.",
    data: json,
    ...{ from: "workflow", ...unsent },
  },
} as const satisfies { [Kind in (typeof engineKindNames)[number]]: EngineKindRow };

/** A kind that the orchestrator says. */
export type EngineKind = keyof typeof engineKinds;

/** Those that agents are given. */
export type GivenKind = { [K in EngineKind]: (typeof engineKinds)[K]["channel"] extends null ? never : K }[EngineKind];

/** `data` of an {@link EngineKind}. */
export type EngineData<K extends EngineKind> = z.infer<(typeof engineKinds)[K]["data"]>;
