/**
 * What an agent posts: each event is judged alone, then kept here and routed, or handed to the actor that it names. Taken in
 * the order in which it came. Knows ports, not sockets.
 */

import type { Accepted, Rejected } from "../../contract/frames/server-frames.ts";
import { isThreadKind } from "../../contract/kinds/agent-kinds.ts";
import { createProblem, type Problem, type Result, succeed } from "../../contract/problem.ts";
import type { ArtifactFacts } from "../artifacts/artifact-book.ts";
import { isRowTooLarge } from "../host/storage/row-bound.ts";
import { isFault } from "../routing/is-fault.ts";
import { describeRate, type Rate } from "./connection/rate.ts";
import { createForwardToThread, type ForwardPorts } from "./forward-to-thread.ts";
import type { Caller, Identity } from "./identity.ts";
import { hashAsSent, type JudgedEvent, type JudgedThreadEvent, judgeEvent } from "./judge-event.ts";
import { createPostedEvents, type PostedEventsPorts } from "./keep-posted.ts";
import { type NameArtifactsPorts, type NamingEvent, nameArtifacts, readThreadOf } from "./name-artifacts.ts";

export type AcceptEventsPorts = ForwardPorts &
  PostedEventsPorts &
  NameArtifactsPorts & {
    name: string;
    eventRate: Rate;
    /** Who speaks, which is a sign of life. */
    hear(caller: Caller): Result<Identity> | Promise<Result<Identity>>;
  };

/** Takes events as they were posted, unparsed; answers in their order. */
export function createAcceptEvents(
  ports: AcceptEventsPorts,
): (principal: Caller, events: unknown[]) => Promise<Result<(Accepted | Rejected)[]>> {
  const { name, clock, eventRate, hear, pace } = ports;
  const forward = createForwardToThread(ports);
  const posted = createPostedEvents(ports);
  /** Ends when the call before has placed its events; undefined: it has. */
  let arriving: Promise<void> | undefined;

  /** What it names belongs to its thread from here on, unless that refuses the event; to the threads that it begins, in their commit. */
  function take(sender: Identity, { judged, facts }: NamingEvent): Promise<Result<Accepted>> {
    if (!isThreadBound(judged)) return posted.keep(sender, judged, facts);
    return facts.length ? forwardNaming(sender, judged, facts) : forward(sender, judged);
  }

  async function forwardNaming(sender: Identity, judged: JudgedThreadEvent, facts: ArtifactFacts[]): Promise<Result<Accepted>> {
    const thread = readThreadOf(judged.event);
    const referred = await ports.artifacts.refer(facts, thread === undefined ? [] : [thread], clock.now());
    if (!referred.ok) return referred;
    const answer = await forward(sender, judged);
    // Where nobody knows whether it was taken, the references stay: the thread's retention takes them.
    if (!answer.ok && answer.problem.status < 500) await ports.artifacts.withdraw(referred.value);
    return answer;
  }

  /** @param placed called once the event has its place among all that the agent sent */
  async function acceptOne(sender: Identity, raw: unknown, placed: () => void): Promise<Accepted | Rejected> {
    const id =
      typeof raw === "object" && raw !== null && typeof (raw as { id?: unknown }).id === "string" ? (raw as { id: string }).id : null;
    const reject = (error: Problem): Rejected => ({ id, status: "rejected", error });
    const wait = sender.source.startsWith("/agents/") ? eventRate.take() : 0;
    if (wait > 0) return reject(describeRate(`${eventRate.perSecond} events`, wait));
    try {
      const judged = judgeEvent(raw, sender.source, sender.card, clock.now());
      if (!judged.ok) return reject(judged.problem);
      const named = judged.value.refers ? await nameArtifacts(judged.value, ports) : succeed({ judged: judged.value, facts: [] });
      if (!named.ok) return reject(named.problem);
      const answering = take(sender, named.value);
      placed();
      let answer = await answering;
      // Its id may have been taken when repeats were known by another hash.
      if (!answer.ok && answer.problem.code === "id_conflict") {
        const { judged, facts } = named.value;
        answer = await take(sender, { judged: { ...judged, hash: await hashAsSent(raw) }, facts });
      }
      if (!answer.ok) return reject(answer.problem);
      const { notes } = named.value.judged;
      return notes.length ? { ...answer.value, notes: [...answer.value.notes, ...notes] } : answer.value;
    } catch (error) {
      console.error(JSON.stringify({ at: "accept", name, id, error: String(error) }));
      if (isRowTooLarge(error))
        return reject(
          createProblem("too_large", "The event, or what follows from it, is larger than can be stored; do not send it again."),
        );
      // Retrying the same event would hit the same fault.
      if (isFault(error))
        return reject(createProblem("bug", "The server has a fault that this event met: tell its operator, and do not send it again."));
      // Another object or the registry did not answer: the event may have been stored, so keep its id.
      return reject(createProblem("unavailable", "The event could not be taken now; send it again under the same id.", { retryAfter: 1 }));
    }
  }

  return async (principal, events) => {
    // Calls of one agent run concurrently; take their events in arrival order.
    const before = arriving;
    const { promise, resolve } = Promise.withResolvers<void>();
    arriving = promise;
    const placed = (): void => {
      if (arriving === promise) arriving = undefined;
      resolve();
    };
    try {
      const heard = hear(principal);
      const caller = heard instanceof Promise ? await heard : heard;
      if (before) await before;
      if (!caller.ok) return caller;
      const answers: (Accepted | Rejected)[] = [];
      for (let index = 0; index < events.length; index++) {
        if (events.length > 1) await pace();
        answers.push(await acceptOne(caller.value, events[index], index === events.length - 1 ? placed : ignore));
      }
      // The next call need not wait for other objects' answers to these events.
      placed();
      return succeed(await posted.tellOutcomes(caller.value.source, answers));
    } finally {
      placed();
    }
  };
}

function ignore(): void {}

function isThreadBound(judged: JudgedEvent): judged is JudgedThreadEvent {
  return judged.kind !== null && isThreadKind(judged.kind);
}
