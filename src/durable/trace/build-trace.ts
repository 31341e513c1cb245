/**
 * A thread as spans, out of its events in the log and its messages: queue wait, recruitment a role, turns with delivery and work,
 * decisions. Pure; knows events, neither stores nor HTTP. Times are commits of the objects, not what senders claim.
 */
import type { CloudEvent, Json } from "../../contract/event.ts";
import { saidUsage } from "../../contract/kinds/usage.ts";
import type { EndedStatus } from "../../contract/statuses.ts";
import { formatTraceparent, parseTraceparent } from "../../contract/trace-context.ts";
import { addUsage, readUsage, type Usage } from "../../contract/usage.ts";
import type { TraceView } from "../../contract/views/log.ts";
import type { MessageView } from "../../contract/views/thread.ts";
import { makeSpanId, readTrace } from "./trace-ids.ts";

/** What the events of a thread say of it; whoever answers with it adds what the thread itself knows. */
export type Trace = Pick<TraceView, "thread" | "traceId" | "traceparent" | "spans">;
export type Span = Trace["spans"][number];

export interface TraceSource {
  thread: string;
  workflow: string;
  status: string;
  createdAt: string;
  /** The event that began it. */
  event: CloudEvent;
  /** What the log has of the thread, in its order; `at`: committed, in milliseconds. */
  entries: { event: CloudEvent; at: number }[];
  messages: MessageView[];
  /** Of all its turns, as the thread says. */
  usage?: Usage | undefined;
}

type Facts = { [name: string]: Json | undefined };

const ends: Record<`nerve.thread.${EndedStatus}`, Span["status"]> = {
  "nerve.thread.completed": "ok",
  "nerve.thread.failed": "error",
  "nerve.thread.cancelled": "error",
  "nerve.thread.dropped": "error",
};

export function buildTrace(source: TraceSource): Trace {
  const { thread, workflow, event: first, entries, messages } = source;
  const trace = readTrace(first);
  const began = entries.find(({ event }) => event.id === first.id && event.source === first.source)?.at;
  const own = entries.filter(({ event }) => event.source === `/threads/${thread}`);
  const start = Math.min(began ?? Date.parse(source.createdAt), own[0]?.at ?? Number.POSITIVE_INFINITY);
  const end = own.findLast((entry): entry is typeof entry & { event: { type: keyof typeof ends } } =>
    Object.hasOwn(ends, entry.event.type),
  );
  const root: Span = {
    spanId: makeSpanId(`thread ${thread}`),
    parentId: first.traceparent === undefined ? null : trace.spanId,
    kind: "thread",
    name: workflow,
    start,
    end: end?.at ?? null,
    status: end ? ends[end.event.type] : "open",
    attributes: { thread, workflow, status: source.status, initiator: first.source, event: first.type, ...describeUsage(source.usage) },
  };
  const turns = buildTurns(entries, root);
  const spans = [
    root,
    ...buildQueue(entries, root),
    ...buildRecruitment(entries, root),
    ...turns,
    ...buildDecisions(messages, turns, root),
  ];
  return {
    thread,
    traceId: trace.traceId,
    traceparent: formatTraceparent({ ...trace, spanId: root.spanId }),
    // Spans that are still open end with the thread.
    spans: spans.map((span) => (span.end === null && root.end !== null ? { ...span, end: Math.max(span.start, root.end) } : span)),
  };
}

/** As attributes of a span. */
function describeUsage(usage: Usage | undefined): Span["attributes"] {
  if (!usage) return {};
  const { tokens, input, output, cached, cost } = usage;
  return {
    tokens,
    ...(input !== undefined && { inputTokens: input }),
    ...(output !== undefined && { outputTokens: output }),
    ...(cached !== undefined && { cachedTokens: cached }),
    ...(cost !== undefined && { cost }),
  };
}

/** What an answer or a failure took; events that are in the log were judged. */
function readSaid(event: CloudEvent): Usage | undefined {
  const said = saidUsage.safeParse(facts(event).usage);
  return said.success ? readUsage(said.data) : undefined;
}

const facts = (event: CloudEvent): Facts => (typeof event.data === "object" && event.data !== null ? (event.data as Facts) : {});

/** From the first event until the thread does something of its own. */
function buildQueue(entries: TraceSource["entries"], root: Span): Span[] {
  const queued = entries.some(({ event }) => event.type === "nerve.thread.queued");
  const moves = entries.find(({ event }) => event.source === `/threads/${root.attributes.thread}` && event.type !== "nerve.thread.queued");
  if (!moves && !queued) return [];
  return [
    {
      spanId: makeSpanId(`queue ${root.attributes.thread}`),
      parentId: root.spanId,
      kind: "queue",
      name: queued ? "queue" : "admission",
      start: root.start,
      end: moves?.at ?? null,
      status: moves ? "ok" : "open",
      attributes: {},
    },
  ];
}

/** A span an offer: from its first opening to its award or close. */
function buildRecruitment(entries: TraceSource["entries"], root: Span): Span[] {
  const offers = new Map<string, Span & { claims: number }>();
  for (const { event, at } of entries) {
    const { offer, role, why } = facts(event);
    if (typeof offer !== "string") continue;
    const span = offers.get(offer);
    if (event.type === "nerve.offer.opened" && !span) {
      offers.set(offer, {
        spanId: makeSpanId(`offer ${offer}`),
        parentId: root.spanId,
        kind: "recruitment",
        name: `recruit ${String(role)}`,
        start: at,
        end: null,
        status: "open",
        attributes: { role: String(role), offer },
        claims: 0,
      });
    } else if (span && event.type === "nerve.offer.claim") span.claims += 1;
    else if (span && event.type === "nerve.claim.accepted") {
      const agent = findAwarded(entries, event);
      Object.assign(span, { end: span.end ?? at, status: "ok" });
      if (agent !== undefined) span.attributes.agent = agent;
    } else if (span && event.type === "nerve.offer.closed") {
      span.attributes.closed = String(why);
      if (span.end === null) Object.assign(span, { end: at, status: why === "filled" ? "ok" : "error" });
    }
  }
  return [...offers.values()].map(({ claims, ...span }) => ({ ...span, attributes: { ...span.attributes, claims } }));
}

/** Who was awarded a role. An id is its sender's own: of agents whose claims have the same, it is the one that is given a turn next. */
function findAwarded(entries: TraceSource["entries"], award: CloudEvent): string | undefined {
  const { offer, role } = facts(award);
  const place = entries.findIndex(({ event }) => event === award);
  const claimants = entries
    .slice(0, place)
    .filter(({ event }) => event.type === "nerve.offer.claim" && event.id === award.causationid && facts(event).offer === offer)
    .map(({ event }) => /^\/agents\/(.+)$/.exec(event.source)?.[1]);
  if (claimants.length < 2) return claimants[0];
  const turns = entries.slice(place).filter(({ event }) => event.type === "nerve.turn.assigned" && facts(event).role === role);
  return claimants.find((agent) => agent === facts(turns[0]?.event ?? award).agent);
}

/** A span each time a turn was given, with how long it was on its way and how long it was worked on. */
function buildTurns(entries: TraceSource["entries"], root: Span): Span[] {
  const spans: Span[] = [];
  const open = new Map<string, Span>();
  const used = new Map<Span, Usage>();
  const close = (span: Span, at: number, status: Span["status"], outcome: string): void => {
    Object.assign(span, { end: at, status });
    span.attributes.outcome = outcome;
  };
  for (const { event, at } of entries) {
    const { turn, role, agent, round, reason, error } = facts(event);
    if (typeof turn !== "string") continue;
    const span = open.get(turn);
    if (event.type === "nerve.turn.assigned") {
      if (span?.end === null) close(span, at, "error", "given again");
      const made: Span = {
        spanId: parseTraceparent(event.traceparent ?? "")?.spanId ?? makeSpanId(`${event.source} ${event.id}`),
        parentId: root.spanId,
        kind: "turn",
        name: String(role ?? "turn"),
        start: at,
        end: null,
        status: "open",
        attributes: {
          turn,
          number: Number(turn.slice(turn.lastIndexOf(":") + 1)),
          ...(typeof round === "number" && { round }),
          ...(typeof agent === "string" && { agent }),
        },
      };
      open.set(turn, made);
      spans.push(made);
    } else if (span && (event.type === "nerve.turn.respond" || event.type === "nerve.turn.fail")) {
      const took = readSaid(event);
      if (took) {
        used.set(span, addUsage(used.get(span), took));
        Object.assign(span.attributes, describeUsage(used.get(span)));
      }
      const given = typeof event.deliveredat === "string" ? Date.parse(event.deliveredat) : Number.NaN;
      const by = event.source.replace(/^\/agents\//, "");
      spans.push(...buildWork(span, event.id, by, Number.isNaN(given) ? undefined : given, at));
      if (span.end !== null && span.attributes.agent !== undefined) continue;
      const output = facts(event).output as { $status?: Json } | undefined;
      if (event.type === "nerve.turn.fail") close(span, at, "error", `failed: ${String(error ?? "")}`);
      else close(span, at, "ok", typeof output?.$status === "string" ? output.$status : "answered");
    } else if (span?.end === null && event.type === "nerve.turn.revoked") close(span, at, "error", `revoked: ${String(reason)}`);
  }
  return spans;
}

/** @param given when the agent's connection or poll had the turn, where its object still knew */
function buildWork(turn: Span, id: string, agent: string, given: number | undefined, at: number): Span[] {
  const made = (kind: "delivery" | "work", start: number, end: number): Span => ({
    spanId: makeSpanId(`${kind} ${agent} ${id}`),
    parentId: turn.spanId,
    kind,
    name: kind,
    start,
    end,
    status: "ok",
    attributes: { agent },
  });
  // Clamp: these are the clocks of two objects, and a turn is not given before it was made or after it was answered.
  const between = given === undefined ? undefined : Math.min(Math.max(given, turn.start), at);
  return between === undefined ? [made("work", turn.start, at)] : [made("delivery", turn.start, between), made("work", between, at)];
}

function buildDecisions(messages: MessageView[], turns: Span[], root: Span): Span[] {
  return messages.flatMap(({ round, at, decision }) => {
    if (!decision) return [];
    const turn = turns.findLast(({ kind, attributes }) => kind === "turn" && attributes.number === round);
    const when = Date.parse(at);
    return [
      {
        spanId: makeSpanId(`decision ${root.attributes.thread} ${round}`),
        parentId: turn?.spanId ?? root.spanId,
        kind: "decision" as const,
        name: `→ ${decision.to}`,
        start: when,
        end: when,
        status: "ok" as const,
        attributes: { to: decision.to, because: decision.because.slice(0, 500) },
      },
    ];
  });
}
