/**
 * One agent's object without the platform: what it sends, its mailbox, its readers, its card. Knows ports, not sockets;
 * a simulated world runs it as well.
 */
import type { CloudEvent, Json } from "../../contract/event.ts";
import type { Acknowledgement } from "../../contract/frames/acknowledgement.ts";
import type { Accepted, InboxPage, Rejected } from "../../contract/frames/server-frames.ts";
import { type Result, succeed } from "../../contract/problem.ts";
import type { Delivered, Routing } from "../../contract/routing.ts";
import type { AgentCard, PresenceFacts } from "../../contract/views/agent.ts";
import { noArtifacts } from "../artifacts/artifact-book.ts";
import { createGather } from "../host/gather.ts";
import { countIgnored } from "../projector/metrics.ts";
import type { AgentStanding, ClaimCard, InboxQuery, Principal } from "../protocol/agent.ts";
import type { HintAnswer, OfferHint } from "../protocol/board.ts";
import type { Delivery, Envelope } from "../protocol/envelope.ts";
import { createAcceptEvents } from "./accept-events.ts";
import { type AgentAccount, createAgentAccount } from "./agent-account.ts";
import { type AgentCallers, createAgentCallers } from "./agent-callers.ts";
import { type AgentParts, type AgentPorts, createAgentParts } from "./agent-parts.ts";
import { createRate, readRates } from "./connection/rate.ts";
import { hearOutcomes } from "./hear-outcomes.ts";
import type { Caller } from "./identity.ts";
import type { Mailbox } from "./mailbox/mailbox.ts";
import { createPollInbox } from "./mailbox/poll-inbox.ts";
import type { Incoming } from "./mailbox/reader.ts";
import { takeHint } from "./offers/take-hint.ts";
import { createLeaveThreads } from "./presence/leave-threads.ts";
import type { Presence } from "./presence/presence.ts";
import { presenceLimits } from "./presence/presence-limits.ts";
import { createShowAgent } from "./show-agent.ts";

export interface AgentCore extends AgentAccount, Pick<AgentCallers, "prove" | "issueTicket" | "takeTicket" | "redeemTicket"> {
  mailbox: Mailbox;
  /** What the agent is, as far as it says so itself; null: it was removed, or never was. */
  card(): ClaimCard | null;
  /** Whether a connection that was opened with a token of this hash may stay. */
  holds(tokenHash: string): boolean;
  /** More is refused than an agent that listens would send. */
  flooded(): boolean;
  identify(principal: Principal): Promise<Result<AgentCard>>;
  me(principal: Principal): Promise<Result<Json>>;
  accept(principal: Caller, events: unknown[]): Promise<Result<(Accepted | Rejected)[]>>;
  inbox(principal: Principal, query: InboxQuery): Promise<Result<InboxPage>>;
  ack(principal: Principal, ack: Acknowledgement): Promise<Result<null>>;
  /** Takes an acknowledgement of a live connection, written soon. */
  note(ack: Acknowledgement): void;
  /** Ends the waiting of polls by those names. */
  supersede(connections: readonly string[]): void;
  /** A connection was given what it holds, outside of any commit: the alarm must look at it in time. */
  watch(): void;
  /** Hears what connections say of the agent's being there. */
  presence: Pick<Presence, "hear" | "noteConnected" | "noteDisconnected">;
  showPresence(): PresenceFacts;
  /** How far an event has come in this agent's mailbox. */
  delivered(event: { source: string; id: string }): Delivered;
  /** An event that was accepted here and had recipients, with what was decided of it. */
  routed(id: string): { event: CloudEvent; routing: Routing } | null;
  /** Why its mailbox would refuse an event of a source, of so many bytes; null: it would not. */
  room(source: string, bytes: number): string | null;
  /** How the agent stands to an offer; null: there is none, or no more. */
  standing(offer: string | null): AgentStanding | null;
  /** A connection opened: the board hears of it. */
  connected(): void;
  /** Takes what it is told of offers. */
  hint(hint: OfferHint): HintAnswer;
  deliver(envelope: Envelope): Promise<Delivery>;
  alarm(): Promise<void>;
}

/** @param name the agent's id, or `operators/<name>` */
export function createAgentCore(name: string, given: AgentPorts): AgentCore {
  const ports = hearOutcomes(given);
  const { world, registry, threadActor } = ports;
  const { clock } = world;
  const parts = createAgentParts(name, ports);
  const { committer, projection, identity, attendance, mailbox, assignments, presence, sent, noteLazily } = parts;
  const { commit } = committer;
  const rates = ports.rates ?? readRates({});
  const eventRate = createRate(rates.events, clock.now);
  const callRate = createRate(rates.calls, clock.now);
  let resumed = false;
  const callers = createAgentCallers({ ...parts, callRate, resume });
  const { identify, hear, admit } = callers;

  function resume(): void {
    if (resumed) return;
    resumed = true;
    if (committer.outbox.size()) world.scheduler.background(committer.outbox.flush());
    projection.wake();
  }

  const leaveThreads = createLeaveThreads(name, { committer });
  const polls = createPollInbox({ mailbox, clock, later: ports.later, admit, identify, polled: attendance.polled });
  const shown = createShowAgent({ clock, registry, rates, identity, mailbox, assignments, presence });
  const accept = createAcceptEvents({
    ...{ name, sent, clock, committer, projection, registry, threadActor, holders: ports.holders, askRoom: ports.askRoom },
    ...{ identity, mailbox, assignments, presence, eventRate, hear, noteLazily, artifacts: ports.artifacts ?? noArtifacts },
    later: ports.later,
    ...(ports.outcomes && { outcomes: ports.outcomes }),
    pace: ports.pace ?? (() => Promise.resolve()),
    owe: ports.owe ?? (() => {}),
    isLeaving: leaveThreads.isLeaving,
  });

  const deliver = createMailDelivery(name, ports.settle, parts, resume);

  return {
    mailbox,
    ...createAgentAccount({ ...parts, name, leaveThreads, polls }),
    card: shown.card,
    holds: (tokenHash) => identity.holds(tokenHash),
    flooded() {
      return eventRate.flooded();
    },
    async identify(principal) {
      const caller = await hear(principal);
      return caller.ok ? succeed(caller.value.card) : caller;
    },
    prove: callers.prove,
    issueTicket: callers.issueTicket,
    takeTicket: callers.takeTicket,
    redeemTicket: callers.redeemTicket,
    async me(principal) {
      const caller = await admit(principal);
      if (!caller.ok) return caller;
      await attendance.look();
      return succeed(await shown.me(caller.value.card));
    },
    async accept(principal, events) {
      const answers = await accept(principal, events);
      attendance.refresh();
      return answers;
    },
    connected: attendance.connected,
    hint(hint) {
      resume();
      return takeHint({ ...parts, card: parts.narrowedCard, commit }, hint);
    },
    inbox: polls.read,
    supersede: polls.supersede,
    watch: committer.arm,
    async ack(principal, ack) {
      const caller = await admit(principal);
      if (!caller.ok) return caller;
      mailbox.ack(ack);
      // What is answered is stored.
      commit(() => mailbox.offers.keep());
      return succeed(null);
    },
    note(ack) {
      presence.hear();
      mailbox.ack(ack);
      noteLazily();
    },
    presence,
    showPresence: shown.presence,
    delivered: (event) => ({ agent: name, ...mailbox.find(event) }),
    routed: sent.readRouted,
    room: (source, bytes) => mailbox.refuseSent(source, bytes) ?? null,
    standing(offer) {
      resume();
      return shown.standing(offer);
    },
    deliver,
    alarm: () =>
      committer.alarm(async () => {
        resume();
        presence.check();
        await projection.flush();
        commit(() => forgetOld(parts, clock.now()));
      }),
  };
}

/** @returns takes mail: given to connections at once, then stored where it must be, all that arrived together in one commit */
function createMailDelivery(
  name: string,
  settle: AgentPorts["settle"],
  { identity, mailbox, committer }: AgentParts,
  resume: () => void,
): (envelope: Envelope) => Promise<Delivery> {
  const gather = createGather<Incoming, Delivery>(settle, (incoming) => {
    if (!identity.card() && !name.startsWith("operators/"))
      return incoming.map(() => ({ status: "refused", code: "not_found", detail: `there is no agent ${name}` }));
    // Hand mail to connections before writing: what is sent after a write waits for the disk.
    const received = mailbox.receive(incoming);
    if (received.hasWrites) committer.commit(received.write);
    received.wake();
    return received.answers;
  });

  /** A turn among them is stored: given at once it would come before the others. */
  async function takeTogether({ more = [], ...first }: Envelope): Promise<Delivery> {
    const behind = more.map(({ id, message }) => ({ envelope: { ...first, id, message }, isBehind: true }));
    const [answer, ...answers] = await Promise.all([{ envelope: first }, ...behind].map(gather));
    const end = answers.findIndex(({ status }) => status !== "stored");
    return answer?.status === "stored" ? { ...answer, more: end < 0 ? answers.length : end } : (answer as Delivery);
  }

  /** @returns the answer to those at the front that need no commit of their own; the sender sends what is behind them again */
  function takeLate(envelope: Envelope): Delivery | undefined {
    if (!identity.card()) return undefined;
    const answer = mailbox.takeLate({ envelope });
    if (answer?.status !== "stored" || !envelope.more) return answer;
    let more = 0;
    for (const { id, message } of envelope.more) {
      if (mailbox.takeLate({ envelope: { ...envelope, id, message } })?.status !== "stored") break;
      more += 1;
    }
    return { ...answer, more };
  }

  /** An agent that answers at once has had its turn before a row of it could be of use. */
  return async (envelope) => {
    resume();
    const late = takeLate(envelope);
    if (late) return late;
    if (envelope.more) return takeTogether(envelope);
    const passed = identity.card() && mailbox.pass(envelope);
    if (!passed) return gather({ envelope });
    const left = await passed;
    if (!left) return { status: "stored" };
    return (identity.card() && mailbox.takeLate(left)) ?? gather(left);
  };
}

/** Deletes what is too old, within the alarm's transaction. */
function forgetOld({ trim, mailbox, ignored, presence, assignments, identity }: AgentParts, now: number): void {
  trim.run();
  mailbox.expire();
  if (ignored.look()) {
    presence.noteIgnored();
    if (ignored.count() > 0) countIgnored(ignored.count());
  }
  assignments.expire(now - presenceLimits.claimDays * 86_400_000);
  identity.expire();
}
