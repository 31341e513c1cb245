/**
 * Where an accepted event leads: to the agents that it names or that are subscribed to it, to the workflows whose reflexes
 * take it, and to the events that those publish, which lead on. Decided once, at acceptance, and stored with it. Knows the
 * registry, not the store.
 */

import type { EvaluatedEmit } from "../../compile/decide/view.ts";
import type { CloudEvent } from "../../contract/event.ts";
import { formatTime } from "../../contract/format-time.ts";
import { makeEngineEvent } from "../../contract/kinds/make-engine-event.ts";
import { countBytes, cutToBytes, limits } from "../../contract/limits.ts";
import { findNearestName } from "../../contract/nearest-name.ts";
import { type Result, succeed } from "../../contract/problem.ts";
import type { Routing, Verdict } from "../../contract/routing.ts";
import type { AgentCard } from "../../contract/views/agent.ts";
import { createMail } from "../protocol/agent.ts";
import type { RegistryHead } from "../protocol/registry-head.ts";
import type { Sent } from "../protocol/typed-host.ts";
import type { Listeners, Registry } from "../registry/registry.ts";
import { stampTrace } from "../trace/trace-ids.ts";
import { carryOn, readDepth } from "./chain-depth.ts";
import { deriveId } from "./derive-id.ts";
import { type FindHolders, findRecipients } from "./find-recipients.ts";
import { judgeReflexes } from "./judge-reflexes.ts";
import { startNamed } from "./named-workflows.ts";
import { routingLimits } from "./routing-limits.ts";

/** An event that follows from the routed one in the same commit, for the log. */
export interface EmittedEvent {
  event: CloudEvent;
  thread: string | null;
  routing: Routing;
}

export interface RoutedEvent {
  /** Started by the event or by what its reflexes published. */
  threads: string[];
  /** For the sender: what came to nothing, and why. */
  notes: string[];
  messages: Sent<"agent" | "workflow">[];
  routing: Routing;
  /** Where nobody receives the event: the nearest kind that somebody would receive, if there is one. */
  nearest?: string | null;
  emitted: EmittedEvent[];
}

export interface RouteOptions {
  /** The workflow whose thread says it. */
  own?: string;
  /** Absent: `role:x` is refused. */
  findHolders?: FindHolders;
  /** The event has been sent to agents already: only reflexes and subscribers are to hear of it. */
  sentTo?: string[];
  /** The registry's version as it was once the event had happened; absent: it is asked. */
  head?: RegistryHead;
  /** Milliseconds since the epoch. */
  now: number;
}

/** For a kind that no workflow listens to: the nearest one that some workflow does. */
function findNearest(kind: string, { reflexes }: Listeners): string | null {
  const kinds = new Set(reflexes.flatMap(({ reflexes: each }) => each.flatMap(({ on }) => on)));
  return findNearestName(kind, [...kinds].slice(0, routingLimits.kinds)) ?? null;
}

/** One event of the chain, with what it leads to. */
interface Link {
  routing: Routing;
  nearest?: string | null;
  threads: string[];
  notes: string[];
  messages: RoutedEvent["messages"];
  emits: { verdict: Verdict; emits: EvaluatedEmit[] }[];
}

/** @returns what follows; refused only where the event's own `to` is wrong */
export async function routeEvent(
  event: CloudEvent,
  sender: AgentCard,
  registry: Registry,
  options: RouteOptions,
): Promise<Result<RoutedEvent>> {
  const listeners = await readListeners(registry, options.head);
  const first = await link(event, sender, registry, listeners, options);
  if (!first.ok) return first;
  const routed: RoutedEvent = { ...first.value, emitted: [] };
  const waiting = [{ event, ...first.value }];
  let room = routingLimits.emittedBytes;
  for (let cause = waiting.shift(); cause; cause = waiting.shift()) {
    for (const { verdict, emits } of cause.emits) {
      verdict.emitted = [];
      for (const [index, emit] of emits.entries()) {
        const made = await makeEmitted(cause.event, verdict, index, emit, options.now);
        const size = countBytes(JSON.stringify(made));
        room -= size;
        if (routed.emitted.length >= routingLimits.emitted || room < 0 || size > limits.eventBytes) {
          const why =
            size > limits.eventBytes
              ? `the event ${emit.kind} would have more than ${limits.eventBytes} bytes`
              : `the reflexes of one event publish at most ${routingLimits.emitted} events of ${routingLimits.emittedBytes} bytes in all`;
          verdict.detail = why;
          addNote(routed, `${verdict.workflow}: ${why}`);
          break;
        }
        verdict.emitted.push(made.id);
        const next = await linkEmitted(made, sender, registry, listeners, options);
        routed.emitted.push({ event: made, thread: event.correlationid ?? next.threads[0] ?? null, routing: next.routing });
        routed.threads.push(...next.threads);
        routed.messages.push(...next.messages);
        for (const note of next.notes) addNote(routed, `${made.type}: ${note}`);
        waiting.push({ event: made, ...next });
      }
    }
  }
  noteDepth(event, routed, options.now);
  return succeed(routed);
}

async function readListeners(registry: Registry, head: RegistryHead | undefined): Promise<Listeners> {
  return registry.listeners ? registry.listeners(head) : { reflexes: await registry.reflexes(), subscribers: () => [] };
}

async function link(
  event: CloudEvent,
  sender: AgentCard,
  registry: Registry,
  listeners: Listeners,
  { own, findHolders, sentTo = [] }: RouteOptions,
): Promise<Result<Link>> {
  const found = await findRecipients(event, sender.id, registry, listeners.subscribers(event.type), findHolders);
  if (!found.ok) return found;
  const recipients = found.value.agents.filter((agent) => !sentTo.includes(agent));
  const threads: string[] = [];
  const notes = [...found.value.notes];
  const messages: Link["messages"] = [];
  if (recipients.length)
    messages.push({
      receivers: recipients.map((id) => `agent/${id}` as const),
      message: createMail({ channel: "my", event, receipt: true }),
    });
  const named = await startNamed(event, sender.id, listeners.reflexes, registry);
  if (!named.ok) return named;
  const judgements = [...named.value, ...(await judgeReflexes(event, sender.id, listeners.reflexes, own))];
  for (const { verdict, message } of judgements) {
    if (verdict.thread !== undefined) threads.push(verdict.thread);
    if (message) messages.push(message);
    // A fault of a workflow's own event is nothing that the sender could mend.
    if (verdict.detail !== undefined && verdict.verdict !== "own") notes.push(`${verdict.workflow}: ${verdict.detail}`);
  }
  const verdicts = judgements.map(({ verdict }) => verdict);
  const kept = verdicts.slice(0, routingLimits.verdicts);
  return succeed({
    threads,
    notes: notes.slice(0, routingLimits.notes),
    messages,
    emits: judgements.flatMap(({ verdict, emits }) => (emits ? [{ verdict, emits }] : [])),
    routing: {
      verdicts: kept,
      ...(verdicts.length > kept.length && { more: verdicts.length - kept.length }),
      recipients: [...sentTo, ...recipients],
      ...(!verdicts.length && !event.type.startsWith("nerve.") && { unheard: true as const }),
    },
    ...(!verdicts.length && !recipients.length && !event.type.startsWith("nerve.") && { nearest: findNearest(event.type, listeners) }),
  });
}

/** A wrong `to` does not keep the event from workflows that wait for it. */
async function linkEmitted(
  event: CloudEvent,
  sender: AgentCard,
  registry: Registry,
  listeners: Listeners,
  options: RouteOptions,
): Promise<Link> {
  const linked = await link(event, sender, registry, listeners, options);
  if (linked.ok) return linked.value;
  const { to: _, ...undirected } = event;
  const again = await link(undirected, sender, registry, listeners, options);
  if (!again.ok) throw new Error(again.problem.detail);
  return { ...again.value, notes: [linked.problem.detail, ...again.value.notes] };
}

/** The orchestrator's own event, on behalf of the workflow whose reflex publishes it. */
async function makeEmitted(
  cause: CloudEvent,
  { workflow, place }: Verdict,
  index: number,
  emit: EvaluatedEmit,
  now: number,
): Promise<CloudEvent> {
  const made: CloudEvent = {
    specversion: "1.0",
    id: await deriveId("e", [cause.source, cause.id, workflow, place, index]),
    source: `/workflows/${workflow}`,
    type: emit.kind,
    time: formatTime(now),
    ...(cause.correlationid !== undefined && { correlationid: cause.correlationid }),
    causationid: cause.id,
    ...carryOn(cause),
    ...(emit.to !== undefined && { to: cutToBytes(emit.to, limits.toLength) }),
    data: emit.data ?? null,
  };
  return stampTrace(made, cause);
}

function addNote(routed: RoutedEvent, note: string): void {
  if (routed.notes.length < routingLimits.notes) routed.notes.push(note);
}

/** Logs that a chain was cut off: the sender's notes may reach nobody. */
function noteDepth(event: CloudEvent, routed: RoutedEvent, now: number): void {
  for (const { event: last, routing } of [{ event, routing: routed.routing }, ...routed.emitted]) {
    const stopped = routing.verdicts.filter(({ verdict }) => verdict === "depth");
    if (!stopped.length) continue;
    const { correlationid, traceparent } = last;
    const id = `${last.id.slice(0, 100)}.chain-stopped`;
    const told = makeEngineEvent(
      "nerve.chain.stopped",
      { id, source: last.source, correlationid, causationid: last.id, traceparent },
      now,
      {
        kind: last.type,
        depth: readDepth(last),
        limit: routingLimits.chainDepth,
        reflexes: stopped.map(({ workflow, place, kind }) => ({ workflow, place, kind })),
      },
    );
    console.warn(JSON.stringify({ at: "route", type: told.type, source: told.source, event: last.id, reflexes: stopped.length }));
    routed.emitted.push({ event: told, thread: correlationid ?? null, routing: { verdicts: [], recipients: [] } });
    return;
  }
}
