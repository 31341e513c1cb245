/**
 * One agent's object without the platform: what it sends, its mailbox, its readers, its card. Knows ports, not sockets;
 * a simulated world runs it as well.
 */
import type { CloudEvent, Json } from "../../wire/event.ts";
import type { Accepted, Channel, InboxPage, Rejected } from "../../wire/frames.ts";
import { limits } from "../../wire/limits.ts";
import { createProblem, type Problem, type Result, refuse, succeed } from "../../wire/problem.ts";
import type { Delivered, Routing } from "../../wire/routing.ts";
import { createGather } from "../gather.ts";
import { type Committer, createCommitter } from "../host/committer.ts";
import type { World } from "../host/ports.ts";
import { laneMigrations, migrate } from "../host/schema.ts";
import { createProjectionLane, type ProjectionLane, projectionMigrations } from "../projection-lane.ts";
import type { Registry } from "../registry.ts";
import { describeUndelivered } from "../routing/describe-undelivered.ts";
import { type RoutedEvent, routeEvent } from "../routing/route-event.ts";
import type {
  AgentCard,
  AgentStanding,
  ClaimCard,
  Delivery,
  Envelope,
  Message,
  PresenceFacts,
  Principal,
  ProjectionRow,
  ThreadActorRpc,
} from "../rpc.ts";
import { formatDuration } from "../thread/format-duration.ts";
import { hashToken } from "../token-hash.ts";
import { agentLimits, agentMigrations } from "./agent-schema.ts";
import { takeSlot } from "./claim-slots.ts";
import { type Caller, createIdentity, type Identity, type Report } from "./identity.ts";
import { type JudgedEvent, judgeEvent } from "./judge-event.ts";
import { createMailbox, type Mailbox } from "./mailbox.ts";
import { type Connections, createPresence, type Presence, presenceLimits } from "./presence.ts";
import { createRate, describeRate, type Rates, readRates } from "./rate.ts";
import { isThreadName, readThreadAddress } from "./read-thread-address.ts";
import type { Incoming } from "./reader.ts";
import { createSeats } from "./seats.ts";
import { createTickets } from "./tickets.ts";

export interface AgentPorts {
  world: World;
  registry: Registry;
  /** The actor behind `task/…` or `recruitment/…`. */
  threadActor(address: string): ThreadActorRpc;
  /** Who holds the roles of a thread, as far as `viewer` may know; absent: nobody can be asked. */
  holders?(thread: string, viewer: string | null): Promise<Result<{ [role: string]: string | null }>>;
  project(rows: ProjectionRow[]): Promise<void>;
  /** Resolves once calls that have already arrived were handed in. */
  settle(): Promise<void>;
  later(milliseconds: number, work: () => void): void;
  countCommit(): void;
  /** What of the agent is connected now. */
  connections(): Connections;
  /** Absent: the usual ones. */
  rates?: Rates;
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
  inbox(
    principal: Principal,
    query: { channels: Channel[]; after?: number; waitSeconds: number; limit: number },
  ): Promise<Result<InboxPage>>;
  ack(principal: Principal, ack: { seqs?: number[]; seq?: number; channel?: Channel }): Promise<Result<null>>;
  /** Takes an acknowledgement of a live connection, written soon. */
  note(ack: { seqs?: number[] | undefined; seq?: number | undefined; channel?: Channel | undefined }): void;
  /** Hears what connections say of the agent's being there. */
  presence: Pick<Presence, "hear" | "noteConnected" | "noteDisconnected">;
  showPresence(): PresenceFacts;
  /** How far an event has come in this agent's mailbox. */
  delivered(event: { source: string; id: string }): Delivered;
  /** An event that was accepted here and had recipients, with what was decided of it. */
  routed(id: string): { event: CloudEvent; routing: Routing } | null;
  /** How the agent stands to an offer; null: there is none, or no more. */
  standing(offer: string | null): AgentStanding | null;
  deliver(envelope: Envelope): Promise<Delivery>;
  alarm(): Promise<void>;
}

/** @param name the agent's id, or `operators/<name>` */
export function createAgentCore(name: string, ports: AgentPorts): AgentCore {
  const { world, registry, threadActor } = ports;
  const { storage, clock } = world;
  migrate(storage, { lane: laneMigrations, projection: projectionMigrations, agent: agentMigrations });

  const projection: ProjectionLane = createProjectionLane(world, ports.later, ports.project);
  const committer: Committer = createCommitter(world, {
    dueTimes: () => [projection.due(), mailbox.due(), identity.due(), presence.due()],
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
    counted: () => {
      ports.countCommit();
      projection.wake();
    },
    seal: () => {
      mailbox.writeNotes();
      presence.seal();
      projection.seal();
    },
    undone: () => {
      mailbox.undo();
      seats.undo();
      presence.undo();
      projection.undo();
    },
  });
  const rates = ports.rates ?? readRates({});
  const eventRate = createRate(rates.events, clock.now);
  const callRate = createRate(rates.calls, clock.now);
  let polls = 0;
  /** Ends the waiting of each poll: what it was let in by may be void. */
  const waiting = new Set<() => void>();
  let lazy = false;
  let resumed = false;
  /** The call before has placed its events; the event before has been stored. */
  let arriving: Promise<unknown> = Promise.resolve();
  let keeping: Promise<unknown> = Promise.resolve();

  const identity = createIdentity(name, world, (body) => committer.commit(body));
  const mailbox = createMailbox(
    world,
    {
      from: identity.seqReserved,
      reserve: (upTo) => void storage.exec("UPDATE agent SET seq_reserved = ?", upTo),
    },
    ports.later,
    (mail) => {
      seats.note(mail, clock.now());
      if (mail.seat || mail.endsThread !== undefined) presence.noteParts(mail.seat?.lost === true);
    },
  );

  const { commit } = committer;
  const tickets = createTickets(storage, clock);
  const seats = createSeats(storage);
  const presence = createPresence(name, {
    storage,
    clock,
    seats,
    connections: ports.connections,
    commit: (body) => commit(body),
    tell: (threads, message) =>
      committer.outbox.append(
        threads.map((thread) => `recruitment/${thread}`),
        message,
        { spread: true },
      ),
    project: (row) => projection.append(row),
  });
  /** Threads have yet to hear that the agent was deleted; whoever is there now under its name is another. */
  let leaving = storage.exec("SELECT 1 FROM outbox WHERE message LIKE ? LIMIT 1", `${deletedPrefix}%`).length > 0;

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

  /** Whether threads may still take the agent for the one that was deleted. */
  async function isLeaving(): Promise<boolean> {
    if (!leaving) return false;
    await committer.outbox.flush();
    commit(() => {});
    leaving = storage.exec("SELECT 1 FROM outbox WHERE message LIKE ? LIMIT 1", `${deletedPrefix}%`).length > 0;
    return leaving;
  }

  function wakePolls(): void {
    for (const end of [...waiting]) end();
  }

  /** As {@link hear}, if the caller may speak so soon again. Operators are not held back. */
  async function admit(principal: Principal): Promise<Result<Identity>> {
    const caller = await hear(principal);
    const wait = caller.ok && "agent" in principal ? callRate.take() : 0;
    return wait > 0 ? { ok: false, problem: describeRate(`${callRate.perSecond} calls`, wait) } : caller;
  }

  /** @param placed called once the event has its place among all that the agent sent */
  async function acceptOne(sender: Identity, raw: unknown, placed: () => void): Promise<Accepted | Rejected> {
    const id =
      typeof raw === "object" && raw !== null && typeof (raw as { id?: unknown }).id === "string" ? (raw as { id: string }).id : null;
    const reject = (error: Problem): Rejected => ({ id, status: "rejected", error });
    const wait = sender.source.startsWith("/agents/") ? eventRate.take() : 0;
    if (wait > 0) return reject(describeRate(`${eventRate.perSecond} events`, wait));
    try {
      const judged = await judgeEvent(raw, sender.source, sender.card, clock.now());
      if (!judged.ok) return reject(judged.problem);
      const { kind } = judged.value;
      const answering = kind && kind !== "nerve.agent.report" ? forward(sender, judged.value) : keepInOrder(sender, judged.value);
      placed();
      const answer = await answering;
      return answer.ok ? answer.value : reject(answer.problem);
    } catch (error) {
      // Another object or the registry could not be asked: nothing says that the event was not stored, so the id stays.
      console.error(JSON.stringify({ at: "accept", name, id, error: String(error) }));
      return reject(createProblem("unavailable", "The event could not be taken now; send it again under the same id.", { retryAfter: 1 }));
    }
  }

  /** Writes what changes what the agent plays. */
  function commitParts(body: () => void): void {
    commit(() => {
      body();
      presence.noteParts(false);
    });
  }

  /** The five thread-bound kinds are accepted by the actor that they name. */
  async function forward(sender: Identity, { event, hash }: JudgedEvent): Promise<Result<Accepted>> {
    const address = readThreadAddress(event);
    if (!address) return refuse("not_found", "There is no such offer or turn.");
    if (await isLeaving())
      return refuse("unavailable", "The threads of the agent that had this name are still being told; send it again.", { retryAfter: 1 });
    const { turn, offer } = event.data as { turn?: string; offer?: string };
    const claim = event.type === "nerve.offer.claim" ? offer : undefined;
    const capacity =
      claim === undefined ? {} : takeSlot({ seats, mailbox, now: clock.now(), commit: commitParts }, claim, sender.report.slots);
    const answer = await threadActor(address).take({ ...sender.card, ...narrow(sender), ...capacity }, noteDelivery(event, turn), hash);
    if (claim !== undefined && !answer.ok && !answer.problem.retryable) commitParts(() => seats.release(claim));
    if (turn !== undefined && event.type !== "nerve.turn.progress") {
      if (answer.ok && event.type === "nerve.turn.fail") mailbox.endPassing(turn);
      else if (answer.ok || answer.problem.code === "turn_over") mailbox.endTurn(turn);
      noteLazily();
    }
    return answer;
  }

  /** An answer says, for traces, when its turn reached the agent: only this object knows. */
  function noteDelivery(event: CloudEvent, turn: string | undefined): CloudEvent {
    const given = turn === undefined ? undefined : mailbox.givenAt(turn);
    const { deliveredat: _, ...rest } = event;
    return given === undefined ? (rest as CloudEvent) : { ...event, deliveredat: new Date(given).toISOString() };
  }

  /** What an agent says of itself can only narrow what it was granted. */
  function narrow({ card: granted, report: said }: Pick<Identity, "card" | "report">): {
    capabilities: string[];
    labels: Json;
    load: number;
  } {
    const capabilities = said.capabilities
      ? granted.capabilities.filter((capability) => said.capabilities?.includes(capability))
      : granted.capabilities;
    return { capabilities, labels: (said.labels ?? {}) as Json, load: said.load ?? seats.list().length };
  }

  /** Routes events side by side and stores them in the order in which they came. */
  function keepInOrder(sender: Identity, judged: JudgedEvent): Promise<Result<Accepted>> {
    const repeat = readSent(judged.event.id, judged.hash);
    if (repeat) return Promise.resolve(repeat);
    const routing = routeEvent(judged.event, sender.card, registry, {
      now: clock.now(),
      findHolders: async (thread) =>
        isThreadName(thread) && ports.holders
          ? ports.holders(thread, sender.source.startsWith("/operators/") ? null : sender.card.id)
          : refuse("not_found", `There is no thread ${thread}.`),
    });
    const kept = keeping.then(async () => keep(judged, await routing));
    // The one behind waits for this one, however it ends.
    keeping = kept.catch(() => {});
    routing.catch(() => {});
    return kept;
  }

  function keep({ event, kind, hash }: JudgedEvent, routed: Result<RoutedEvent>): Result<Accepted> {
    if (!routed.ok) return routed;
    // Another call may have stored the same id while the registry was read.
    const overtaken = readSent(event.id, hash);
    if (overtaken) return overtaken;
    const { threads, notes, messages, routing, emitted } = routed.value;
    const recipients = routing.recipients.length;
    const answer: Accepted = { id: event.id, status: "accepted", threads, notes, ...(recipients && { recipients }) };
    commit(() => {
      storage.exec(
        "INSERT INTO sent (id, hash, answer, at, routed) VALUES (?, ?, ?, ?, ?)",
        event.id,
        hash,
        JSON.stringify(answer),
        clock.now(),
        recipients ? JSON.stringify({ event, routing }) : null,
      );
      for (const { receivers, message } of messages) committer.outbox.append(receivers, message);
      if (kind === "nerve.agent.report" && identity.card) {
        const report = event.data as Report;
        identity.saveReport(report);
        if (report.accepts) projection.append({ table: "accepts", agent: identity.card.id, accepts: report.accepts, at: clock.now() });
      }
      // What starts a thread is the first event of it.
      projection.append({ table: "event", event, thread: event.correlationid ?? threads[0] ?? null, routing });
      for (const follows of emitted) projection.append({ table: "event", ...follows });
    });
    return succeed(answer);
  }

  function readSent(id: string, hash: string): Result<Accepted> | undefined {
    const sent = storage.exec<{ hash: string; answer: string }>("SELECT hash, answer FROM sent WHERE id = ?", id)[0];
    if (!sent) return undefined;
    return sent.hash === hash
      ? succeed(JSON.parse(sent.answer) as Accepted)
      : refuse("id_conflict", `The id ${id} was sent before with another body; give a new event a new id.`);
  }

  function noteLazily(): void {
    if (lazy || !mailbox.hasNotes) return;
    lazy = true;
    ports.later(agentLimits.lazy, () => {
      lazy = false;
      if (mailbox.hasNotes) commit(() => {});
    });
  }

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
        // A broadcast waits for nobody who is gone; of another turn's holder the thread hears below.
        for (const { event } of mailbox.readOpen("turn")) {
          const { turn } = event.data as { turn: string };
          committer.outbox.append([`task/${turn.slice(0, turn.lastIndexOf(":"))}`], { type: "audience.left", agent: name, turn });
        }
        mailbox.clear();
        const threads = seats.listThreads().map((thread) => `recruitment/${thread}`);
        for (let at = 0; at < threads.length; at += presenceLimits.partsAtOnce)
          committer.outbox.append(threads.slice(at, at + presenceLimits.partsAtOnce), deletedMessage(name), { spread: true });
        leaving ||= threads.length > 0;
        seats.clear();
        presence.forget();
        tickets.clear();
      });
      wakePolls();
      return succeed(null);
    },
    card() {
      const { card, report } = identity;
      return card ? { ...card, ...narrow({ card, report }) } : null;
    },
    rotate(tokenHash, overlap) {
      if (!identity.card) return refuse("not_found", `There is no agent ${name}.`);
      identity.rotate(tokenHash, overlap);
      wakePolls();
      return succeed(null);
    },
    revoke() {
      if (!identity.card) return refuse("not_found", `There is no agent ${name}.`);
      identity.revoke();
      wakePolls();
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
      if (!caller.ok) return caller;
      const { card: granted } = caller.value;
      const data = (item: { event: CloudEvent }): Json => item.event.data ?? null;
      return succeed({
        id: granted.id,
        capabilities: granted.capabilities,
        roles: granted.roles,
        kinds: granted.kinds,
        limits: {
          eventBytes: limits.eventBytes,
          batchEvents: limits.batchEvents,
          mailboxRows: limits.mailboxRows,
          pollSeconds: limits.pollSeconds,
          eventsPerSecond: rates.events,
          callsPerSecond: rates.calls,
        },
        now: new Date(clock.now()).toISOString(),
        rolesHeld: seats.list().map(({ thread, workflow, role, type, generation, ...seat }) => {
          const expires = presence.findExpiry(seat);
          return {
            ...{ thread, workflow, role, type },
            lease: { generation, expires: expires === null ? null : new Date(expires).toISOString() },
            heartbeat: { every: formatDuration(seat.every), miss: Math.round(seat.silence / seat.every) },
          };
        }),
        turns: mailbox.readOpen("turn").map(data),
        offers: mailbox.readOpen("offer").map(data),
        ...(registry.subscriptionsOf && { subscriptions: await registry.subscriptionsOf(granted.id) }),
        inbox: mailbox.count(),
      });
    },
    async accept(principal, events) {
      // Calls of one agent run side by side; what they bring is taken in the order in which they came.
      const before = arriving;
      const { promise, resolve: placed } = Promise.withResolvers<void>();
      arriving = promise;
      try {
        const caller = await hear(principal);
        await before;
        if (!caller.ok) return caller;
        const answers: (Accepted | Rejected)[] = [];
        for (const [index, event] of events.entries())
          answers.push(await acceptOne(caller.value, event, index === events.length - 1 ? placed : () => {}));
        return succeed(answers);
      } finally {
        placed();
      }
    },
    async inbox(principal, { channels, after, waitSeconds, limit }) {
      const caller = await admit(principal);
      if (!caller.ok) return caller;
      const read = (): InboxPage => {
        const events = mailbox.readFree({ channels, ...(after !== undefined && { after }), limit });
        return { events, next: events.at(-1)?.seq ?? after ?? mailbox.count().last };
      };
      const first = read();
      if (first.events.length || waitSeconds <= 0) return succeed(first);
      if (polls >= agentLimits.polls)
        return refuse("rate_limited", `At most ${agentLimits.polls} polls of one agent wait at once.`, { retryAfter: 1 });
      polls += 1;
      try {
        const end = clock.now() + waitSeconds * 1000;
        for (;;) {
          const left = end - clock.now();
          if (left <= 0) return succeed(read());
          await new Promise<void>((resolve) => {
            const end = (): void => {
              waiting.delete(end);
              stop();
              resolve();
            };
            const stop = mailbox.onReceive(end);
            waiting.add(end);
            ports.later(left, end);
          });
          // It may have waited for longer than its token was good.
          const still = await identify(principal);
          if (!still.ok) return still;
          const page = read();
          if (page.events.length) return succeed(page);
        }
      } finally {
        polls -= 1;
      }
    },
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
    showPresence: () => ({ ...presence.show(), slots: identity.report.slots ?? null }),
    delivered: (event) => ({ agent: name, ...mailbox.find(event) }),
    routed(id) {
      const text = storage.exec<{ routed: string | null }>("SELECT routed FROM sent WHERE id = ?", id)[0]?.routed;
      return typeof text === "string" ? (JSON.parse(text) as { event: CloudEvent; routing: Routing }) : null;
    },
    standing(offer) {
      resume();
      const { card, report } = identity;
      if (!card) return null;
      const { state, lastSignAt, used } = presence.show();
      return {
        card: { ...card, ...narrow({ card, report }), ...(report.slots !== undefined && { capacity: { slots: report.slots, used } }) },
        offer: offer === null ? "absent" : mailbox.locateOffer(offer),
        presence: { state, lastSignAt },
      };
    },
    deliver,
    alarm: () =>
      committer.alarm(async () => {
        resume();
        presence.check();
        await projection.flush();
        commit(() => {
          storage.exec("DELETE FROM sent WHERE at < ?", clock.now() - limits.idMemoryDays * 86_400_000);
          storage.exec("DELETE FROM sender WHERE at < ?", clock.now() - agentLimits.senderDays * 86_400_000);
          mailbox.expire();
          seats.expire(clock.now() - presenceLimits.claimDays * 86_400_000);
          identity.expire();
        });
      }),
  };
}

/** What threads hear of an agent that is gone for good, as it begins in the outbox. */
const deletedPrefix = '{"type":"agent.deleted"';

function deletedMessage(agent: string): Message {
  return { type: "agent.deleted", agent };
}
