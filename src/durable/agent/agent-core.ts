/**
 * One agent's object without the platform: what it sends, its mailbox, its readers, its card. Knows ports, not sockets;
 * a simulated world runs it as well.
 */
import type { CloudEvent, Json } from "../../contract/event.ts";
import type { Accepted, InboxPage, Rejected } from "../../contract/frames/server-frames.ts";
import { limits } from "../../contract/limits.ts";
import { type Result, refuse, succeed } from "../../contract/problem.ts";
import type { Delivered, Routing } from "../../contract/routing.ts";
import type { AgentCard, PresenceFacts } from "../../contract/views/agent.ts";
import { type Committer, createCommitter } from "../host/committer.ts";
import { createGather } from "../host/gather.ts";
import type { World } from "../host/ports.ts";
import { migrate, outboxMigrations } from "../host/schema.ts";
import { noteHeldBack } from "../projector/held-back-row.ts";
import { countIgnored } from "../projector/metrics.ts";
import { createProjectionOutbox, type ProjectionOutbox, projectionMigrations } from "../projector/projection-outbox.ts";
import type { Acknowledgement, AgentStanding, ClaimCard, InboxQuery, Principal } from "../protocol/agent.ts";
import type { Delivery, Envelope } from "../protocol/envelope.ts";
import type { ProjectionRow } from "../protocol/projector.ts";
import type { ThreadActorRpc } from "../protocol/recruitment.ts";
import type { Registry } from "../registry/registry.ts";
import { describeUndelivered } from "../routing/describe-undelivered.ts";
import { createAcceptEvents } from "./accept-events.ts";
import { agentLimits, agentMigrations } from "./agent-schema.ts";
import { createRate, describeRate, type Rates, readRates } from "./connection/rate.ts";
import { createTickets } from "./connection/tickets.ts";
import { type Caller, createIdentity, type Identity } from "./identity.ts";
import { createIgnoredOffers } from "./mailbox/ignored-offers.ts";
import { createMailbox, type Mailbox } from "./mailbox/mailbox.ts";
import { createPollInbox } from "./mailbox/poll-inbox.ts";
import type { Incoming } from "./mailbox/reader.ts";
import type { AskOutcomes } from "./mailbox/tell-outcomes.ts";
import { createTrim } from "./mailbox/trim.ts";
import { createAssignments } from "./presence/assignments.ts";
import { createLeaveThreads } from "./presence/leave-threads.ts";
import { createPresence, type Presence } from "./presence/presence.ts";
import { presenceLimits } from "./presence/presence-limits.ts";
import type { Connections } from "./presence/presence-ports.ts";
import { createShowAgent } from "./show-agent.ts";
import { hashToken } from "./token-hash.ts";

export interface AgentPorts {
  world: World;
  registry: Registry;
  /** The actor behind `task/…` or `recruitment/…`. */
  threadActor(address: string): ThreadActorRpc;
  /** Who holds the roles of a thread, as far as `viewer` may know; absent: nobody can be asked. */
  holders?(thread: string, viewer: string | null): Promise<Result<{ [role: string]: string | null }>>;
  /** Why another agent's mailbox would refuse an event of a source, of so many bytes; null: it would not. Absent: nobody can be asked. */
  askRoom?(agent: string, source: string, bytes: number): Promise<string | null>;
  project(rows: ProjectionRow[]): Promise<void>;
  /** Resolves once calls that have already arrived were handed in. */
  settle(): Promise<void>;
  later(milliseconds: number, work: () => void): void;
  countCommit(): void;
  /** What of the agent is connected now. */
  connections(): Connections;
  /** When a connection that holds events will have been silent for too long. */
  silentAt?(): number | undefined;
  /** What workflows' queues did about reflexes that fired. */
  outcomes?: AskOutcomes;
  /** Absent: the usual ones. */
  rates?: Rates;
  /** Resolves when the next event of a batch may be taken, so that others are served in between; absent: at once. */
  pace?(): Promise<void>;
  /** What was taken makes work beside its own. */
  owe?(steps: number): void;
}

export interface AgentCore {
  mailbox: Mailbox;
  register(card: AgentCard, tokenHash?: string): Result<null>;
  remove(): Result<null>;
  /** What the agent is, as far as it says so itself; null: it was removed, or never was. */
  card(): ClaimCard | null;
  rotate(tokenHash: string, overlap: number): Result<null>;
  revoke(): Result<null>;
  /** Whether a connection that was opened with a token of this hash may stay. */
  holds(tokenHash: string): boolean;
  /** More is refused than an agent that listens would send. */
  readonly flooded: boolean;
  identify(principal: Principal): Promise<Result<AgentCard>>;
  me(principal: Principal): Promise<Result<Json>>;
  /** The hash of a token that is good: what stands for it in a connection, which outlives the request that showed it. */
  prove(token: string): Promise<Result<string>>;
  /** Makes a ticket good for one connection. */
  issueTicket(principal: Principal, ticketHash: string): Promise<Result<{ expires: string }>>;
  /** Takes a ticket in place of the token. Returns the token's hash. */
  redeemTicket(ticket: string): Promise<Result<string>>;
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
  deliver(envelope: Envelope): Promise<Delivery>;
  alarm(): Promise<void>;
}

/** @param name the agent's id, or `operators/<name>` */
export function createAgentCore(name: string, ports: AgentPorts): AgentCore {
  const { world, registry, threadActor } = ports;
  const { storage, clock } = world;
  migrate(storage, { lane: outboxMigrations, projection: projectionMigrations, agent: agentMigrations });

  const projection: ProjectionOutbox = createProjectionOutbox(world, ports.later, ports.project);
  const committer: Committer = createCommitter(world, {
    dueTimes: () => [projection.due(), mailbox.due(), identity.due(), presence.due(), ignored.due(), ports.silentAt?.(), trim.due()],
    refused: async (undeliverable, _sender, forget) => {
      const { to, message, code, detail } = undeliverable;
      console.warn(JSON.stringify({ at: "agent", name, to, message: message.type, code, detail }));
      const told = await describeUndelivered(undeliverable, clock.now());
      if (!told) return;
      committer.commit(() => {
        forget();
        projection.append({ table: "event", event: told, thread: told.correlationid ?? null });
      });
    },
    heldBack: (queue, begins) => projection.append(noteHeldBack(queue, { sender: world.address, now: clock.now(), begins })),
    counted: () => {
      ports.countCommit();
      projection.wake();
    },
    beforeCommit: () => {
      if (mailbox.writeNotes()) ignored.noteSeen();
      if (ignored.beforeCommit()) presence.noteIgnored();
      presence.beforeCommit();
      projection.beforeCommit();
    },
    onRollback: () => {
      mailbox.undo();
      assignments.undo();
      presence.undo();
      ignored.undo();
      projection.undo();
    },
  });
  const rates = ports.rates ?? readRates({});
  const eventRate = createRate(rates.events, clock.now);
  const callRate = createRate(rates.calls, clock.now);
  let lazy = false;
  let resumed = false;

  const identity = createIdentity(name, world, (body) => committer.commit(body));
  const mailbox = createMailbox(
    world,
    {
      from: identity.seqReserved,
      reserve: (upTo) => void storage.exec("UPDATE agent SET seq_reserved = ?", upTo),
    },
    ports.later,
    (mail) => {
      assignments.note(mail, clock.now());
      if (mail.seat || mail.endsThread !== undefined) presence.noteParts(mail.seat?.lost === true);
    },
  );

  const { commit } = committer;
  const trim = createTrim(storage, clock, [
    { table: "sent", key: "id", days: limits.idMemoryDays },
    { table: "receipt", key: "source, id", days: limits.idMemoryDays },
    { table: "sender", key: "address", days: agentLimits.senderDays },
  ]);
  const tickets = createTickets(storage, clock);
  const assignments = createAssignments(storage);
  const presence = createPresence(name, {
    storage,
    clock,
    assignments,
    connections: ports.connections,
    commit: (body) => commit(body),
    tell: (threads, message) =>
      committer.outbox.append(
        threads.map((thread) => `recruitment/${thread}`),
        message,
        { spread: true },
      ),
    project: (row) => projection.append(row),
    ignored: () => ignored.count,
  });
  const ignored = createIgnoredOffers({
    storage,
    clock,
    isFree: () =>
      identity.card !== undefined &&
      presence.show().state === "online" &&
      (identity.report.slots === undefined || assignments.countUsed() < identity.report.slots),
  });

  function resume(): void {
    if (resumed) return;
    resumed = true;
    if (committer.outbox.size) world.scheduler.background(committer.outbox.flush());
    projection.wake();
  }

  /** Every call and frame of an agent comes by here. */
  async function identify(caller: Caller): Promise<Result<Identity>> {
    resume();
    return identity.identify(caller);
  }

  /** As {@link identify}, of a caller who does something now: a sign of life. */
  async function hear(caller: Caller): Promise<Result<Identity>> {
    const identified = await identify(caller);
    if (identified.ok && !("operator" in caller)) presence.hear();
    return identified;
  }

  /** As {@link hear}, if the caller may speak so soon again. Operators are not held back. */
  async function admit(principal: Principal): Promise<Result<Identity>> {
    const caller = await hear(principal);
    const wait = caller.ok && "agent" in principal ? callRate.take() : 0;
    return wait > 0 ? { ok: false, problem: describeRate(`${callRate.perSecond} calls`, wait) } : caller;
  }

  function noteLazily(): void {
    if (lazy || !mailbox.hasNotes) return;
    lazy = true;
    ports.later(agentLimits.lazy, () => {
      lazy = false;
      if (mailbox.hasNotes) commit(() => {});
    });
  }

  const leaveThreads = createLeaveThreads(name, { storage, committer });
  const polls = createPollInbox({ mailbox, clock, later: ports.later, admit, identify });
  const shown = createShowAgent({ clock, registry, rates, identity, mailbox, assignments, presence });
  const accept = createAcceptEvents({
    ...{ name, storage, clock, committer, projection, registry, threadActor, holders: ports.holders, askRoom: ports.askRoom },
    ...{ identity, mailbox, assignments, presence, eventRate, hear, noteLazily },
    later: ports.later,
    ...(ports.outcomes && { outcomes: ports.outcomes }),
    pace: ports.pace ?? (() => Promise.resolve()),
    owe: ports.owe ?? (() => {}),
    isLeaving: leaveThreads.isLeaving,
  });

  const gather = createGather<Incoming, Delivery>(ports.settle, (incoming) => {
    if (!identity.card && !name.startsWith("operators/"))
      return incoming.map(() => ({ status: "refused", code: "not_found", detail: `there is no agent ${name}` }));
    // Given to connections first: what is sent after a write waits for the disk.
    const received = mailbox.receive(incoming);
    commit(received.write);
    received.wake();
    return received.answers;
  });

  /** An agent that answers at once has had its turn before a row of it could be of use. */
  async function deliver(envelope: Envelope): Promise<Delivery> {
    resume();
    const passed = identity.card && mailbox.pass(envelope);
    if (!passed) return gather({ envelope });
    const left = await passed;
    return left ? gather(left) : { status: "stored" };
  }

  return {
    mailbox,
    register(newCard, newHash) {
      identity.register(newCard, newHash);
      return succeed(null);
    },
    remove() {
      identity.remove(() => {
        leaveThreads.tell(mailbox.readOpen("turn"), assignments.listThreads());
        mailbox.clear();
        assignments.clear();
        presence.forget();
        tickets.clear();
      });
      polls.wake();
      return succeed(null);
    },
    card: shown.card,
    rotate(tokenHash, overlap) {
      if (!identity.card) return refuse("not_found", `There is no agent ${name}.`);
      identity.rotate(tokenHash, overlap);
      polls.wake();
      return succeed(null);
    },
    revoke() {
      if (!identity.card) return refuse("not_found", `There is no agent ${name}.`);
      identity.revoke();
      polls.wake();
      return succeed(null);
    },
    holds: (tokenHash) => identity.holds(tokenHash),
    get flooded() {
      return eventRate.flooded;
    },
    async identify(principal) {
      const caller = await hear(principal);
      return caller.ok ? succeed(caller.value.card) : caller;
    },
    async prove(token) {
      const tokenHash = await hashToken(token);
      const caller = await identify({ tokenHash });
      return caller.ok ? succeed(tokenHash) : caller;
    },
    async issueTicket(principal, ticketHash) {
      const caller = await identify(principal);
      if (!caller.ok) return caller;
      const tokenHash = "token" in principal ? await hashToken(principal.token) : "";
      const expires = commit(() => tickets.issue(ticketHash, tokenHash));
      if (expires !== undefined) return succeed({ expires: new Date(expires).toISOString() });
      return refuse("rate_limited", `At most ${agentLimits.tickets} tickets wait to be used.`, { retryAfter: 10 });
    },
    async redeemTicket(ticket) {
      const hash = await hashToken(ticket);
      const tokenHash = commit(() => tickets.redeem(hash)) ?? "";
      const caller = await identify({ tokenHash });
      return caller.ok ? succeed(tokenHash) : refuse("unauthenticated", "This ticket was used, is too old, or is nobody's: get another.");
    },
    async me(principal) {
      const caller = await admit(principal);
      return caller.ok ? succeed(await shown.me(caller.value.card)) : caller;
    },
    accept,
    inbox: polls.read,
    supersede: polls.supersede,
    watch: committer.arm,
    async ack(principal, ack) {
      const caller = await admit(principal);
      if (!caller.ok) return caller;
      mailbox.ack(ack);
      commit(() => {});
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
    routed(id) {
      const text = storage.exec<{ routed: string | null }>("SELECT routed FROM sent WHERE id = ?", id)[0]?.routed;
      return typeof text === "string" ? (JSON.parse(text) as { event: CloudEvent; routing: Routing }) : null;
    },
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
        commit(() => {
          trim.run();
          mailbox.expire();
          if (ignored.look()) {
            presence.noteIgnored();
            if (ignored.count > 0) countIgnored(ignored.count);
          }
          assignments.expire(clock.now() - presenceLimits.claimDays * 86_400_000);
          identity.expire();
        });
      }),
  };
}
