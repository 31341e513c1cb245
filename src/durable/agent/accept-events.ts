/**
 * What an agent posts: each event is judged alone, then kept here and routed, or handed to the actor that it names. Taken in
 * the order in which it came. Knows ports, not sockets.
 */

import type { Accepted, Rejected } from "../../contract/frames/server-frames.ts";
import { isThreadKind, isTurnEvent, type ThreadEvent } from "../../contract/kinds/agent-kinds.ts";
import { createProblem, type Problem, type Result, refuse, succeed } from "../../contract/problem.ts";
import type { Committer } from "../host/committer.ts";
import type { Clock, Storage } from "../host/ports.ts";
import type { ProjectionOutbox } from "../projector/projection-outbox.ts";
import type { ThreadActorRpc } from "../protocol/recruitment.ts";
import { createRecentValues } from "../registry/recent-values.ts";
import type { Registry } from "../registry/registry.ts";
import { isFault } from "../routing/is-fault.ts";
import type { RoutedEvent } from "../routing/route-event.ts";
import { routingLimits } from "../routing/routing-limits.ts";
import { isRowTooLarge } from "../storage/row-bound.ts";
import { agentLimits } from "./agent-schema.ts";
import { describeRate, type Rate } from "./connection/rate.ts";
import type { AgentIdentity, Caller, Identity, Report } from "./identity.ts";
import { type JudgedEvent, type JudgedThreadEvent, judgeEvent, type KeptEvent } from "./judge-event.ts";
import type { Mailbox } from "./mailbox/mailbox.ts";
import { type AskOutcomes, isUnsettled, type StoredAnswer, settleAnswers } from "./mailbox/tell-outcomes.ts";
import type { Assignments } from "./presence/assignments.ts";
import { takeSlot } from "./presence/claim-slots.ts";
import type { Presence } from "./presence/presence.ts";
import { readThreadAddress } from "./read-thread-address.ts";
import { type RoutePostedPorts, routePosted } from "./route-posted.ts";
import { narrowCard } from "./show-agent.ts";

export interface AcceptEventsPorts {
  name: string;
  storage: Storage;
  clock: Clock;
  committer: Pick<Committer, "commit" | "outbox">;
  projection: Pick<ProjectionOutbox, "append">;
  registry: Registry;
  threadActor(address: string): ThreadActorRpc;
  holders: RoutePostedPorts["holders"];
  askRoom: RoutePostedPorts["askRoom"];
  identity: Pick<AgentIdentity, "card" | "saveReport">;
  mailbox: Pick<Mailbox, "endTurn" | "endInFlight" | "endOffer" | "findOffer" | "givenAt">;
  assignments: Assignments;
  presence: Pick<Presence, "noteParts">;
  eventRate: Rate;
  /** Who speaks, which is a sign of life. */
  hear(caller: Caller): Promise<Result<Identity>>;
  /** What came of reflexes that fired; absent: answers do not tell. */
  outcomes?: AskOutcomes;
  later(milliseconds: number, work: () => void): void;
  /** Resolves when the next event of a batch may be taken, or the next mailbox be asked. */
  pace(): Promise<void>;
  /** What was kept makes work beside its own, in these steps. */
  owe(steps: number): void;
  /** The mailbox has noted something that is to be written soon. */
  noteLazily(): void;
  /** Whether threads may still take the agent for one that was deleted. */
  isLeaving(): Promise<boolean>;
}

/** Takes events as they were posted, unparsed; answers in their order. */
export function createAcceptEvents(
  ports: AcceptEventsPorts,
): (principal: Caller, events: unknown[]) => Promise<Result<(Accepted | Rejected)[]>> {
  const { name, storage, clock, committer, projection, registry, threadActor, holders, askRoom } = ports;
  const { identity, mailbox, assignments, presence, eventRate, hear, noteLazily, isLeaving, pace, owe, outcomes, later } = ports;
  /** The call before has placed its events; the event before has been stored. */
  let arriving: Promise<unknown> = Promise.resolve();
  let keeping: Promise<unknown> = Promise.resolve();
  /** Threads that the agent began lately. */
  const begun = createRecentValues<true>(agentLimits.threadsBegun);

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
      const answering = isThreadBound(judged.value) ? forward(sender, judged.value) : keepInOrder(sender, judged.value);
      placed();
      const answer = await answering;
      return answer.ok ? answer.value : reject(answer.problem);
    } catch (error) {
      console.error(JSON.stringify({ at: "accept", name, id, error: String(error) }));
      if (isRowTooLarge(error))
        return reject(
          createProblem("too_large", "The event, or what follows from it, is larger than can be stored; do not send it again."),
        );
      // The same event would find the same fault again.
      if (isFault(error))
        return reject(createProblem("bug", "The server has a fault that this event met: tell its operator, and do not send it again."));
      // Another object or the registry could not be asked: nothing says that the event was not stored, so the id stays.
      return reject(createProblem("unavailable", "The event could not be taken now; send it again under the same id.", { retryAfter: 1 }));
    }
  }

  /** Writes what changes what the agent plays. */
  function commitParts(body: () => void): void {
    committer.commit(() => {
      body();
      presence.noteParts(false);
    });
  }

  /** Thread-bound kinds are accepted by the actor that they name. */
  async function forward(sender: Identity, { event, hash }: JudgedThreadEvent): Promise<Result<Accepted>> {
    const address = readThreadAddress(event);
    if (!address) return refuseUnseen();
    if (await isLeaving())
      return refuse("unavailable", "The threads of the agent that had this name are still being told; send it again.", { retryAfter: 1 });
    const pending = event.type === "nerve.offer.claim" && assignments.listClaims().some(({ offer }) => offer === event.data.offer);
    const capacity =
      event.type === "nerve.offer.claim"
        ? takeSlot({ assignments, mailbox, now: clock.now(), commit: commitParts }, event.data.offer, sender.report.slots)
        : {};
    const card = { ...sender.card, ...narrowCard(sender, assignments), ...capacity };
    const answer = await threadActor(address).take(card, noteDelivery(event), hash);
    // Another body under the id of a claim that was taken: that one still waits for its verdict, if it did before.
    if (answer.ok || answer.problem.code !== "id_conflict" || !pending) noteAnswer(event, answer);
    return !answer.ok && answer.problem.code === "not_found" ? refuseUnseen() : answer;
  }

  /** What the thread's answer means for the mailbox and the slots here. */
  function noteAnswer(event: ThreadEvent, answer: Result<Accepted>): void {
    const isOver = answer.ok || answer.problem.code === "turn_over";
    switch (event.type) {
      case "nerve.offer.claim": {
        const { offer } = event.data;
        if (!answer.ok && !answer.problem.retryable) commitParts(() => assignments.release(offer));
        return;
      }
      case "nerve.turn.respond":
        if (isOver) mailbox.endTurn(event.data.turn);
        noteLazily();
        return;
      case "nerve.turn.fail":
        if (answer.ok) mailbox.endInFlight(event.data.turn);
        else if (isOver) mailbox.endTurn(event.data.turn);
        noteLazily();
        return;
      case "nerve.offer.decline": {
        const { offer } = event.data;
        if (answer.ok) committer.commit(() => mailbox.endOffer(offer));
        return;
      }
      case "nerve.turn.progress":
      case "nerve.role.release":
        return;
      default:
        event satisfies never;
    }
  }

  /** What is said of a turn says, for traces, when it reached the agent: only this object knows. */
  function noteDelivery(event: ThreadEvent): ThreadEvent {
    const given = isTurnEvent(event) ? mailbox.givenAt(event.data.turn) : undefined;
    const { deliveredat: _, ...rest } = event;
    return (given === undefined ? rest : { ...rest, deliveredat: new Date(given).toISOString() }) as ThreadEvent;
  }

  /** Routes events side by side and stores them in the order in which they came. */
  function keepInOrder(sender: Identity, judged: KeptEvent): Promise<Result<Accepted>> {
    const repeat = readSent(judged.event.id, judged.hash);
    if (repeat) return Promise.resolve(repeat);
    const routing = routePosted(sender, judged.event, {
      registry,
      holders,
      // Each question costs whom it is put to as much as an event costs here.
      askRoom: askRoom && (async (...of) => pace().then(() => askRoom(...of))),
      now: clock.now,
      hasBegun: (thread) => begun.get(thread) === true,
    });
    const kept = keeping.then(async () => {
      const { event, routed } = await routing;
      return keep({ ...judged, event }, routed);
    });
    // The one behind waits for this one, however it ends.
    keeping = kept.catch(() => {});
    routing.catch(() => {});
    return kept;
  }

  function keep({ event, kind, hash }: KeptEvent, routed: Result<RoutedEvent>): Result<Accepted> {
    if (!routed.ok) return routed;
    // Another call may have stored the same id while the registry was read.
    const overtaken = readSent(event.id, hash);
    if (overtaken) return overtaken;
    const { threads, notes, messages, routing, emitted, nearest } = routed.value;
    for (const thread of threads) begun.set(thread, true, 1);
    const recipients = routing.recipients.length;
    owe(recipients + agentLimits.paceThread * threads.length);
    const answer: Accepted = {
      ...{ id: event.id, status: "accepted", threads, notes },
      ...(routing.verdicts.length > 0 && { reflexes: routing.verdicts.slice(0, routingLimits.told) }),
      ...(nearest !== undefined && { unheard: { nearest } }),
      ...(recipients && { recipients }),
    };
    committer.commit(() => {
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

  /** Asks the queues what came of what was just stored, and keeps it: a repeat gets the same answer. */
  async function tellOutcomes(source: string, answers: (Accepted | Rejected)[]): Promise<(Accepted | Rejected)[]> {
    if (!outcomes) return answers;
    const stored = answers.flatMap((answer): StoredAnswer[] =>
      answer.status === "accepted" ? [{ event: { source, id: answer.id }, answer }] : [],
    );
    const unsettled = stored.filter(isUnsettled);
    if (!unsettled.length) return answers;
    const tooLong = Promise.withResolvers<void>();
    later(routingLimits.outcomeMs, tooLong.resolve);
    await Promise.race([committer.outbox.flush(), tooLong.promise]);
    const settled = await settleAnswers(unsettled, outcomes);
    committer.commit(() => {
      for (const answer of settled) storage.exec("UPDATE sent SET answer = ? WHERE id = ?", JSON.stringify(answer), answer.id);
    });
    const found = new Map(settled.map((answer) => [answer.id, answer]));
    return answers.map((answer) => (answer.status === "accepted" ? (found.get(answer.id) ?? answer) : answer));
  }

  function readSent(id: string, hash: string): Result<Accepted> | undefined {
    const sent = storage.exec<{ hash: string; answer: string }>("SELECT hash, answer FROM sent WHERE id = ?", id)[0];
    if (!sent) return undefined;
    return sent.hash === hash
      ? succeed(JSON.parse(sent.answer) as Accepted)
      : refuse("id_conflict", `The id ${id} was sent before with another body; give a new event a new id.`);
  }

  return async (principal, events) => {
    // Calls of one agent run side by side; what they bring is taken in the order in which they came.
    const before = arriving;
    const { promise, resolve: placed } = Promise.withResolvers<void>();
    arriving = promise;
    try {
      const caller = await hear(principal);
      await before;
      if (!caller.ok) return caller;
      const answers: (Accepted | Rejected)[] = [];
      for (const [index, event] of events.entries()) {
        if (events.length > 1) await pace();
        answers.push(await acceptOne(caller.value, event, index === events.length - 1 ? placed : () => {}));
      }
      // Whoever comes next need not wait for what others say of these.
      placed();
      return succeed(await tellOutcomes(caller.value.source, answers));
    } finally {
      placed();
    }
  };
}

function isThreadBound(judged: JudgedEvent): judged is JudgedThreadEvent {
  return judged.kind !== null && isThreadKind(judged.kind);
}

/** Of what is not there as of what is not the agent's to know. */
function refuseUnseen(): ReturnType<typeof refuse> {
  return refuse("not_found", "There is no such offer, turn or thread.");
}
