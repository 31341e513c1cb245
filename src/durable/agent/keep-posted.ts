/** Events that are kept in the agent's own object: routed side by side, stored in the order in which they came, sent to whom they concern. */

import { artifactLimits } from "../../contract/artifact.ts";
import type { CloudEvent } from "../../contract/event.ts";
import type { Accepted, Rejected } from "../../contract/frames/server-frames.ts";
import type { AgentData, OwnKind } from "../../contract/kinds/agent-kinds.ts";
import { type Problem, type Result, refuse, succeed } from "../../contract/problem.ts";
import { type ArtifactBook, type ArtifactFacts, nameMail } from "../artifacts/artifact-book.ts";
import type { Clock } from "../host/ports.ts";
import type { ProjectionOutbox } from "../projector/projection-outbox.ts";
import type { TypedCommitter } from "../protocol/typed-host.ts";
import { createRecentValues } from "../registry/recent-values.ts";
import type { Registry } from "../registry/registry.ts";
import type { RoutedEvent } from "../routing/route-event.ts";
import { routingLimits } from "../routing/routing-limits.ts";
import { agentLimits } from "./agent-schema.ts";
import type { AgentIdentity, Identity } from "./identity.ts";
import type { KeptEvent } from "./judge-event.ts";
import { type AskOutcomes, isUnsettled, type StoredAnswer, settleAnswers } from "./mailbox/tell-outcomes.ts";
import { isThreadName } from "./read-thread-address.ts";
import { type RoutePostedPorts, routePosted } from "./route-posted.ts";
import type { SentEvents } from "./sent-events.ts";

export interface PostedEvents {
  /** @param facts of the artifacts that it names */
  keep(sender: Identity, judged: KeptEvent, facts: readonly ArtifactFacts[]): Promise<Result<Accepted>>;
  /** Asks the queues what came of what was just stored, and keeps it: a repeat gets the same answer. */
  tellOutcomes(source: string, answers: (Accepted | Rejected)[]): Promise<(Accepted | Rejected)[]>;
}

/** What an agent's object does with each kind that it takes itself, in the commit that keeps the event. */
const ownKinds: { readonly [K in OwnKind]: (data: AgentData<K>, ports: OwnPorts) => void } = {
  "nerve.agent.report": (report, { identity, projection, clock }) => {
    const card = identity.card();
    if (!card) return;
    identity.saveReport(report);
    if (report.accepts) projection.append({ table: "accepts", agent: card.id, accepts: report.accepts, at: clock.now() });
  },
};

function takeOwn<K extends OwnKind>(kind: K, data: AgentData<K>, ports: OwnPorts): void {
  ownKinds[kind](data, ports);
}

type OwnPorts = Pick<PostedEventsPorts, "identity" | "projection" | "clock">;

export interface PostedEventsPorts {
  clock: Clock;
  sent: SentEvents;
  committer: Pick<TypedCommitter, "commit" | "outbox">;
  projection: Pick<ProjectionOutbox, "append">;
  registry: Registry;
  artifacts: Pick<ArtifactBook, "refer" | "withdraw">;
  holders: RoutePostedPorts["holders"];
  askRoom: RoutePostedPorts["askRoom"];
  identity: Pick<AgentIdentity, "card" | "saveReport">;
  /** What came of reflexes that fired; absent: answers do not tell. */
  outcomes?: AskOutcomes;
  /** Something was noted that is to be written soon. */
  noteLazily(): void;
  later(milliseconds: number, work: () => void): void;
  /** Resolves when the next mailbox may be asked. */
  pace(): Promise<void>;
  /** What was kept makes work beside its own, in these steps. */
  owe(steps: number): void;
}

export function createPostedEvents(ports: PostedEventsPorts): PostedEvents {
  const { sent, clock, committer, projection, registry, artifacts, holders, askRoom, identity, pace, owe, outcomes, later, noteLazily } =
    ports;
  /** The event before has been stored. */
  let keeping: Promise<unknown> = Promise.resolve();
  /** Threads that the agent began lately. */
  const begun = createRecentValues<true>(agentLimits.threadsBegun);

  /** Routes events side by side and stores them in the order in which they came. */
  function keepInOrder(sender: Identity, judged: KeptEvent, facts: readonly ArtifactFacts[]): Promise<Result<Accepted>> {
    const repeat = sent.answer(judged.event.id, judged.hash);
    if (repeat) return Promise.resolve(repeat);
    const routing = routePosted(sender, judged.event, {
      registry,
      holders,
      // Each question costs the asked object as much as an event costs this one.
      askRoom: askRoom && (async (...of) => pace().then(() => askRoom(...of))),
      now: clock.now,
      hasBegun: (thread) => begun.get(thread) === true,
    });
    const kept = keeping.then(async () => {
      const { event, routed } = await routing;
      const refused = facts.length > 0 && routed.ok ? await refer(event, routed.value, facts) : undefined;
      return refused ?? store({ ...judged, event }, routed);
    });
    // The next event waits for this one, whatever its outcome.
    keeping = kept.catch(() => {});
    routing.catch(() => {});
    return kept;
  }

  /**
   * What it names belongs to its thread, and to those that it begins or resumes, before any of them can say so to anybody; where there is
   * none, to the mail of whom it is sent to.
   */
  async function refer(
    { correlationid }: CloudEvent,
    { threads, routing }: RoutedEvent,
    facts: readonly ArtifactFacts[],
  ): Promise<{ ok: false; problem: Problem } | undefined> {
    const own = correlationid !== undefined && isThreadName(correlationid) ? [correlationid] : [];
    const inThreads = new Set([...own, ...threads]);
    const { recipients } = routing;
    if (inThreads.size === 0 && recipients.length * facts.length > artifactLimits.perMail)
      return refuse(
        "too_large",
        `In no thread at most ${artifactLimits.perMail} artifacts are sent at once, counted for each receiver; these are ${facts.length} to ${recipients.length} agents. Send them in a thread, or to fewer.`,
        { limit: artifactLimits.perMail },
      );
    const referred = await artifacts.refer(facts, inThreads.size > 0 ? [...inThreads] : recipients.map(nameMail), clock.now());
    return referred.ok ? undefined : referred;
  }

  function store({ event, kind, hash }: Omit<KeptEvent, "refers">, routed: Result<RoutedEvent>): Result<Accepted> {
    if (!routed.ok) return routed;
    // Another call may have stored the same id while the registry was read.
    const overtaken = sent.answer(event.id, hash);
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
      sent.keep(event.id, { hash, answer, ...(recipients > 0 && { routed: { event, routing } }) });
      for (const { receivers, message } of messages) committer.outbox.append(receivers, message);
      if (kind) takeOwn(kind, event.data as AgentData<OwnKind>, { identity, projection, clock });
      // The event that starts a thread is the thread's first event.
      projection.append({ table: "event", event, thread: event.correlationid ?? threads[0] ?? null, routing });
      for (const follows of emitted) projection.append({ table: "event", ...follows });
    });
    return succeed(answer);
  }

  async function tellOutcomes(source: string, answers: (Accepted | Rejected)[]): Promise<(Accepted | Rejected)[]> {
    if (!outcomes || !answers.some((answer) => answer.status === "accepted" && answer.reflexes !== undefined)) return answers;
    const stored = answers.flatMap((answer): StoredAnswer[] =>
      answer.status === "accepted" ? [{ event: { source, id: answer.id }, answer }] : [],
    );
    const unsettled = stored.filter(isUnsettled);
    if (!unsettled.length) return answers;
    const tooLong = Promise.withResolvers<void>();
    later(routingLimits.outcomeMs, tooLong.resolve);
    await Promise.race([committer.outbox.flush(), tooLong.promise]);
    const settled = await settleAnswers(unsettled, outcomes);
    sent.note(settled);
    noteLazily();
    const found = new Map(settled.map((answer) => [answer.id, answer]));
    return answers.map((answer) => (answer.status === "accepted" ? (found.get(answer.id) ?? answer) : answer));
  }

  return { keep: keepInOrder, tellOutcomes };
}
