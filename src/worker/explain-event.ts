/** What became of an event: each reflex's verdict, and how far it came to each agent that it was sent to. */

import type { CloudEvent } from "../contract/event.ts";
import { nameOutcome } from "../contract/name-outcome.ts";
import { findNearestName } from "../contract/nearest-name.ts";
import type { Delivered, ReflexOutcome, Routing, Verdict } from "../contract/routing.ts";
import type { ExplainedEvent } from "../contract/views/log.ts";
import { createD1Registry } from "../durable/registry/create-d1-registry.ts";
import { type UndeliveredData, undelivered } from "../durable/routing/describe-undelivered.ts";
import type { AppPorts } from "./app-ports.ts";

export const explainLimits = {
  /** Mailboxes that are asked for one event; the others are counted. */
  mailboxes: 50,
  /** Kinds among which a nearest one is looked for. */
  kinds: 1_000,
  /** Refusals of one mailbox that are looked at, from the event on. */
  refusals: 1_000,
} as const;

/** Reads what was decided of an event; undefined: nothing is known of it. */
export async function readRouting(db: D1Database, position: number): Promise<Routing | undefined> {
  const row = await db.prepare("SELECT routing FROM log WHERE position = ?").bind(position).first<{ routing: string | null }>();
  return row?.routing ? (JSON.parse(row.routing) as Routing) : undefined;
}

export async function explainEvent(ports: AppPorts, event: CloudEvent, routing: Routing | undefined): Promise<ExplainedEvent> {
  if (!routing) return { verdicts: null, recipients: 0, deliveries: [] };
  const { verdicts, more, recipients, unheard } = routing;
  return {
    verdicts: await addOutcomes(ports, event, verdicts),
    ...(more !== undefined && { more }),
    recipients: recipients.length,
    deliveries: await askMailboxes(ports, event, recipients.slice(0, explainLimits.mailboxes)),
    ...(unheard && { unheard: { nearest: await findNearestKind(ports.db, event.type) } }),
  };
}

/** What the queues know of what came of it; a queue that cannot be asked, or knows it no more, leaves the verdict as it is. */
async function addOutcomes(ports: AppPorts, event: CloudEvent, verdicts: Verdict[]): Promise<Verdict[]> {
  const refs = new Map<string, string[]>();
  for (const verdict of verdicts) {
    const ref = nameOutcome(event, verdict);
    if (ref !== undefined) refs.set(verdict.workflow, [...(refs.get(verdict.workflow) ?? []), ref]);
  }
  const found = new Map<string, ReflexOutcome>();
  await Promise.all(
    [...refs].map(async ([workflow, asked]) => {
      const outcomes = await ports
        .workflow(workflow)
        .outcomes(asked)
        .catch((): null[] => []);
      for (const [index, outcome] of outcomes.entries()) if (outcome) found.set(`${workflow} ${asked[index]}`, outcome);
    }),
  );
  return verdicts.map((verdict) => {
    const outcome = found.get(`${verdict.workflow} ${nameOutcome(event, verdict)}`);
    return outcome ? { ...verdict, outcome } : verdict;
  });
}

/** How far the event has come to each of these agents, asked all at once. */
export async function askMailboxes(ports: AppPorts, { source, id }: CloudEvent, agents: string[]): Promise<Delivered[]> {
  if (!agents.length) return [];
  const [asked, refused] = await Promise.all([
    Promise.all(agents.map((agent) => ports.agent(agent).delivered({ source, id }))),
    readRefused(ports.db, source, id, agents),
  ]);
  return asked.map((delivered) => {
    const refusal = delivered.status === "absent" ? refused.get(delivered.agent) : undefined;
    return refusal ? { ...delivered, status: "refused", code: refusal.code, detail: refusal.detail } : delivered;
  });
}

/** What the log says of mailboxes that refused the event, by agent. A refusal comes after what it refuses, from the same object. */
async function readRefused(db: D1Database, source: string, id: string, agents: string[]): Promise<Map<string, UndeliveredData>> {
  const matches = "e.cause = ? AND e.type = ? AND e.body -> '$.data' ->> '$.source' = ?";
  const found = await db.batch<{ data: string }>([
    db
      .prepare(`SELECT e.body ->> '$.data' AS data FROM event e WHERE ${matches} LIMIT ?`)
      .bind(id, undelivered, source, explainLimits.refusals),
    ...agents.map((agent) =>
      db
        .prepare(
          `SELECT e.body ->> '$.data' AS data FROM (
             SELECT position FROM log_entry WHERE by_source = 1 AND source = ?
               AND position > coalesce((SELECT position FROM log_entry WHERE id = ? AND source = ?), 0) ORDER BY position LIMIT ?) p
           CROSS JOIN log_entry e ON e.position = p.position WHERE ${matches} LIMIT 1`,
        )
        .bind(`/mailboxes/${agent}`, id, source, explainLimits.refusals, id, undelivered, source),
    ),
  ]);
  return new Map(
    found
      .flatMap(({ results }) => results)
      .map(({ data }) => {
        const refusal = JSON.parse(data) as UndeliveredData;
        return [refusal.agent, refusal];
      }),
  );
}

async function findNearestKind(db: D1Database, kind: string): Promise<string | null> {
  const published = await createD1Registry(db).reflexes();
  const kinds = new Set(published.flatMap(({ reflexes }) => reflexes.flatMap(({ on }) => on)));
  return findNearestName(kind, [...kinds].slice(0, explainLimits.kinds)) ?? null;
}
