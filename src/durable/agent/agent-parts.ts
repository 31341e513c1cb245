/** The parts of one agent's object, each beside its rows, and the commits in which they write. Knows ports, not sockets. */
import { limits } from "../../contract/limits.ts";
import type { Result } from "../../contract/problem.ts";
import type { AgentCard } from "../../contract/views/agent.ts";
import type { ArtifactBook } from "../artifacts/artifact-book.ts";
import { createCommitter } from "../host/committer.ts";
import { formerOutbox } from "../host/former-tables.ts";
import type { Settle } from "../host/gather.ts";
import type { World } from "../host/ports.ts";
import { createStore } from "../host/store/store.ts";
import { formerProjection } from "../projector/former-projection.ts";
import { noteHeldBack } from "../projector/held-back-row.ts";
import { createProjectionOutbox, type ProjectionOutbox } from "../projector/projection-outbox.ts";
import type { BoardRpc } from "../protocol/board.ts";
import type { ProjectionRow } from "../protocol/projector.ts";
import type { ThreadActorRpc } from "../protocol/recruitment.ts";
import type { TypedCommitter } from "../protocol/typed-host.ts";
import type { Registry } from "../registry/registry.ts";
import { describeUndelivered } from "../routing/describe-undelivered.ts";
import { openAgentDocuments } from "./agent-documents.ts";
import { agentLimits } from "./agent-schema.ts";
import type { Rates } from "./connection/rate.ts";
import { createTickets, type Tickets } from "./connection/tickets.ts";
import { formerAgentTables } from "./former-tables.ts";
import { type AgentIdentity, createIdentity, type Report } from "./identity.ts";
import { createIgnoredOffers, type IgnoredOffers } from "./mailbox/ignored-offers.ts";
import { createMailbox, type Mailbox } from "./mailbox/mailbox.ts";
import type { AskOutcomes } from "./mailbox/tell-outcomes.ts";
import { createTrim, type Trim } from "./mailbox/trim.ts";
import { narrowCapabilities } from "./narrow-card.ts";
import { type Attendance, createAttendance } from "./offers/attendance.ts";
import { type Assignments, createAssignments } from "./presence/assignments.ts";
import { createPresence, type Presence } from "./presence/presence.ts";
import type { Connections } from "./presence/presence-ports.ts";
import { createSentEvents, type SentEvents } from "./sent-events.ts";

export interface AgentPorts {
  world: World;
  registry: Registry;
  board: Pick<BoardRpc, "attend" | "leave">;
  /** Absent: no artifacts are kept. */
  artifacts?: ArtifactBook;
  /** The actor behind `task/…` or `recruitment/…`. */
  threadActor(address: string): ThreadActorRpc;
  /** Who holds the roles of a thread, as far as `viewer` may know; absent: nobody can be asked. */
  holders?(thread: string, viewer: string | null): Promise<Result<{ [role: string]: string | null }>>;
  /** Why another agent's mailbox would refuse an event of a source, of so many bytes; null: it would not. Absent: nobody can be asked. */
  askRoom?(agent: string, source: string, bytes: number): Promise<string | null>;
  project(rows: ProjectionRow[]): Promise<unknown>;
  /** Resolves once calls that have already arrived were handed in. */
  settle: Settle;
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

export interface AgentParts {
  committer: TypedCommitter;
  projection: ProjectionOutbox;
  identity: AgentIdentity;
  /** The card as the agent narrows it; null: there is no such agent. */
  narrowedCard(): AgentCard | null;
  attendance: Attendance;
  /** Writes soon what has closed and is not acknowledged by then: while the object is awake anyhow. */
  keepClosed(): void;
  mailbox: Mailbox;
  assignments: Assignments;
  presence: Presence;
  ignored: IgnoredOffers;
  sent: SentEvents;
  /** Commits soon what was noted, unless a commit comes before. */
  noteLazily(): void;
  tickets: Tickets;
  trim: Trim;
}

/** @returns writes, after a while, which offers have closed of which the agent has not acknowledged it; nothing where there are none */
function createLateWrite(
  later: AgentPorts["later"],
  committer: Pick<TypedCommitter, "commit">,
  { offers }: Pick<Mailbox, "offers">,
): () => void {
  let waits = false;
  return () => {
    if (waits) return;
    waits = true;
    later(agentLimits.closedLazy, () => {
      waits = false;
      if (offers.changes().closed) committer.commit(() => offers.keep());
    });
  };
}

interface LazyCommits {
  note(): void;
  /** A commit writes all that was noted. */
  written(): void;
}

/** What was noted is committed once it has waited for its time: where commits come more often than that, none comes of it. */
function createLazyCommits(
  { later, world: { clock } }: Pick<AgentPorts, "later" | "world">,
  { sent, mailbox, committer }: Pick<AgentParts, "sent" | "mailbox" | "committer">,
): LazyCommits {
  let since: number | undefined;
  let waits = false;

  function wait(milliseconds: number): void {
    waits = true;
    later(milliseconds, () => {
      waits = false;
      if (since === undefined) return;
      const left = since + agentLimits.lazy - clock.now();
      if (left > 0) wait(left);
      else committer.commit(() => {});
    });
  }

  return {
    note() {
      if (!mailbox.hasNotes() && !sent.hasNotes()) return;
      since ??= clock.now();
      if (!waits) wait(agentLimits.lazy);
    },
    written() {
      since = undefined;
    },
  };
}

/** Claims that are in memory alone are written with whatever is. */
function writeClaims(assignments: Assignments, presence: Presence): void {
  if (assignments.writeClaims()) presence.noteParts(false);
}

/** @returns the card as the agent narrows it, the same until either changes */
function createNarrowedCard(identity: Pick<AgentIdentity, "card" | "report">): () => AgentCard | null {
  let narrowed: { card: AgentCard; report: Report; made: AgentCard } | undefined;
  return () => {
    const [card, report] = [identity.card(), identity.report()];
    if (!card) return null;
    if (narrowed?.card !== card || narrowed.report !== report)
      narrowed = { card, report, made: { ...card, capabilities: narrowCapabilities(card, report) } };
    return narrowed.made;
  };
}

/** @param name the agent's id, or `operators/<name>` */
export function createAgentParts(name: string, ports: AgentPorts): AgentParts {
  const { world } = ports;
  const { storage, clock } = world;
  const store = createStore(storage, world.address, { ...formerOutbox, ...formerProjection, agent: formerAgentTables });
  const documents = openAgentDocuments(store);

  const projection: ProjectionOutbox = createProjectionOutbox(world, store, ports.later, ports.project);
  const committer: TypedCommitter = createCommitter(world, {
    store,
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
    // What threads hear is of the agent's presence, from which nothing that it posts follows; of posts the order is promised.
    isUnordered: (receiver) => receiver.startsWith("recruitment/") || receiver.startsWith("task/"),
    counted: () => {
      assignments.keep();
      ports.countCommit();
      projection.wake();
    },
    noted: () => writeClaims(assignments, presence),
    beforeCommit: () => {
      lazy.written();
      sent.writeNotes();
      if (mailbox.writeNotes()) ignored.noteSeen();
      if (ignored.beforeCommit()) presence.noteIgnored();
      presence.beforeCommit();
    },
    log: projection.log,
    onRollback: () => {
      mailbox.undo();
      assignments.undo();
      presence.undo();
      projection.undo();
    },
  });
  const identity = createIdentity(name, documents.accounts, clock, (body) => committer.commit(body));
  const mailbox = createMailbox(documents, {
    ...{ clock, later: ports.later, late: storage.beforeWrite && committer },
    commit: (body) => committer.commit(body),
    stored(mail) {
      assignments.note(mail, clock.now());
      if (mail.seat || mail.endsThread !== undefined) presence.noteParts(mail.seat?.lost === true);
    },
    unread: () => attendance.disconnected(),
  });
  const narrowedCard = createNarrowedCard(identity);
  const keepClosed = createLateWrite(ports.later, committer, mailbox);
  const attendance = createAttendance({
    ...{ agent: name, clock, scheduler: world.scheduler, later: ports.later, board: ports.board, card: narrowedCard },
    isConnected: () => mailbox.isRead(),
    listOpen: () => mailbox.offers.listOpen(),
    take({ offers, closed, over }) {
      for (const event of closed) mailbox.offers.close(event);
      if (closed.length && mailbox.isRead()) keepClosed();
      for (const offer of over) mailbox.offers.lose(offer);
      // What it has claimed it knows, whatever a crash made its object forget.
      for (const offer of offers) if (!assignments.isClaimed(offer.offer)) mailbox.offers.open(offer, false);
    },
  });

  const sent = createSentEvents(documents.sent, clock);
  const lazy = createLazyCommits(ports, { sent, mailbox, committer });
  const trim = createTrim(clock, [
    { documents: documents.sent, days: limits.idMemoryDays },
    { documents: documents.receipts, days: limits.idMemoryDays },
    { documents: documents.senders, days: agentLimits.senderDays },
  ]);
  const tickets = createTickets(documents.tickets, clock);
  const assignments = createAssignments(documents);
  const presence = createPresence(name, {
    presences: documents.presences,
    clock,
    assignments,
    connections: ports.connections,
    commit: (body) => committer.commit(body),
    tell: (threads, message) =>
      committer.outbox.append(
        threads.map((thread) => `recruitment/${thread}` as const),
        message,
        { spread: true },
      ),
    project: (row) => projection.append(row),
    turned: (state) => (state === "online" ? attendance.cameBack() : attendance.left()),
    ignored: () => ignored.count(),
  });
  const ignored = createIgnoredOffers({
    counts: documents.ignored,
    clock,
    countSeen: (before) => mailbox.countSeenOffers(before, assignments.isClaimed),
    isFree() {
      const { slots = Number.POSITIVE_INFINITY } = identity.report();
      return identity.card() !== undefined && presence.show().state === "online" && assignments.countUsed() < slots;
    },
  });

  return {
    ...{ committer, projection, identity, narrowedCard, attendance, keepClosed, mailbox, assignments, presence, ignored, sent, tickets },
    ...{ trim, noteLazily: lazy.note },
  };
}
