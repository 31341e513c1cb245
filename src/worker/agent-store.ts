/** Agents in D1: what the registry says they are, in the order that lets a crash between D1 and the agent's object be repeated. */

import type { PresenceState } from "../contract/statuses.ts";
import type { AgentCard, AgentEntry, AgentRecord } from "../contract/views/agent.ts";
import type { AgentCardRow } from "../durable/registry/create-d1-registry.ts";
import { parseAgentCard } from "../durable/registry/create-d1-registry.ts";

/** Milliseconds after which a registration that did not end is taken to be lost, and another may take over. */
const registrationLasts = 10_000;

/** An agent's facts and the number of this change. */
export interface AgentChange {
  card: AgentCard;
  revision: number;
}

type AgentRow = AgentCardRow & { revision: number; created_at: number; updated_at: number };

const columns = "id, capabilities, roles, kinds, revision, created_at, updated_at";

function encodeList(list: string[] | null): string | null {
  return list === null ? null : JSON.stringify(list);
}

function recordAgent(row: AgentRow): AgentRecord {
  return { ...parseAgentCard(row), createdAt: new Date(row.created_at).toISOString(), updatedAt: new Date(row.updated_at).toISOString() };
}

/** One statement per capability list: makes the index rows equal to the agent's own list. */
function indexCapabilities(db: D1Database, id: string): D1PreparedStatement[] {
  return [
    db.prepare("DELETE FROM agent_capability WHERE agent = ?").bind(id),
    db
      .prepare(
        "INSERT INTO agent_capability (capability, agent) SELECT DISTINCT c.value, a.id FROM agent a, json_each(a.capabilities) c WHERE a.id = ?",
      )
      .bind(id),
  ];
}

/**
 * Takes the id for this registration.
 * @param registration names this call
 * @returns `taken`, or why not: the agent `exists`, or another registration is `pending`
 */
export async function beginRegistration(
  db: D1Database,
  card: AgentCard,
  registration: string,
  now: number,
): Promise<"taken" | "exists" | "pending"> {
  const [inserted] = await db.batch<{ id: string }>([
    db
      .prepare(
        `INSERT INTO agent (id, state, registration, revision, capabilities, roles, kinds, created_at, updated_at)
         VALUES (?, 'registering', ?, 1, ?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET registration = excluded.registration, revision = agent.revision + 1, capabilities = excluded.capabilities,
           roles = excluded.roles, kinds = excluded.kinds, created_at = excluded.created_at, updated_at = excluded.updated_at
         WHERE agent.state = 'registering' AND agent.updated_at <= ?
         RETURNING id`,
      )
      .bind(
        card.id,
        registration,
        JSON.stringify(card.capabilities),
        encodeList(card.roles),
        encodeList(card.kinds),
        now,
        now,
        now - registrationLasts,
      ),
    ...indexCapabilities(db, card.id),
  ]);
  if (inserted?.results.length) return "taken";
  const row = await db.prepare("SELECT state FROM agent WHERE id = ?").bind(card.id).first<{ state: string }>();
  return row?.state === "registering" ? "pending" : "exists";
}

/** Makes the agent exist, if this registration still holds the id; the agent's object must know it before. */
export async function finishRegistration(db: D1Database, id: string, registration: string): Promise<boolean> {
  const row = await db
    .prepare("UPDATE agent SET state = 'active' WHERE id = ? AND registration = ? AND state = 'registering' RETURNING id")
    .bind(id, registration)
    .first();
  return row !== null;
}

/** Gives the id back after the agent's object refused. */
export async function abandonRegistration(db: D1Database, id: string, registration: string): Promise<void> {
  await db.batch([
    db
      .prepare(
        "DELETE FROM agent_capability WHERE agent IN (SELECT id FROM agent WHERE id = ? AND registration = ? AND state = 'registering')",
      )
      .bind(id, registration),
    db.prepare("DELETE FROM agent WHERE id = ? AND registration = ? AND state = 'registering'").bind(id, registration),
  ]);
}

/** Changes what an agent may do; undefined if there is no such agent. What is absent stays. */
export async function changeAgent(
  db: D1Database,
  id: string,
  change: { capabilities?: string[] | undefined; roles?: string[] | null | undefined; kinds?: string[] | null | undefined },
  now: number,
): Promise<AgentChange | undefined> {
  const { capabilities, roles, kinds } = change;
  const [updated] = await db.batch<AgentRow>([
    db
      .prepare(
        `UPDATE agent SET revision = revision + 1, updated_at = ?, capabilities = coalesce(?, capabilities),
           roles = iif(?, ?, roles), kinds = iif(?, ?, kinds)
         WHERE id = ? AND state = 'active' RETURNING ${columns}`,
      )
      .bind(
        now,
        capabilities ? JSON.stringify(capabilities) : null,
        Number(roles !== undefined),
        encodeList(roles ?? null),
        Number(kinds !== undefined),
        encodeList(kinds ?? null),
        id,
      ),
    ...indexCapabilities(db, id),
  ]);
  const row = updated?.results[0];
  return row && { card: parseAgentCard(row), revision: row.revision };
}

/** The newest change of an agent, to see whether another came meanwhile. */
export async function readChange(db: D1Database, id: string): Promise<AgentChange | undefined> {
  const row = await db.prepare(`SELECT ${columns} FROM agent WHERE id = ? AND state = 'active'`).bind(id).first<AgentRow>();
  return row ? { card: parseAgentCard(row), revision: row.revision } : undefined;
}

/** Hides the agent from the registry; false if there is none. Its object forgets it next, {@link finishRemoval} comes last. */
export async function beginRemoval(db: D1Database, id: string): Promise<boolean> {
  const row = await db.prepare("UPDATE agent SET state = 'removing' WHERE id = ? RETURNING id").bind(id).first();
  return row !== null;
}

/** Forgets the agent. */
export async function finishRemoval(db: D1Database, id: string): Promise<void> {
  await db.batch([
    db.prepare("DELETE FROM agent_capability WHERE agent = ?").bind(id),
    db.prepare("DELETE FROM agent WHERE id = ? AND state = 'removing'").bind(id),
  ]);
}

export async function readAgent(db: D1Database, id: string): Promise<AgentRecord | undefined> {
  const row = await db.prepare(`SELECT ${columns} FROM agent WHERE id = ? AND state = 'active'`).bind(id).first<AgentRow>();
  return row ? recordAgent(row) : undefined;
}

type EntryRow = AgentRow & { presence: PresenceState | null; at: number | null; ignores: number | null };

/** A page of agents by id. */
export async function listAgents(
  db: D1Database,
  query: { capability?: string | undefined; presence?: PresenceState | undefined; after?: string | undefined; limit: number },
): Promise<{ agents: AgentEntry[]; next: string | null }> {
  const { results } = await db
    .prepare(
      `SELECT ${columns}, p.state AS presence, p.at, p.ignores FROM agent a LEFT JOIN agent_presence p ON p.agent = a.id
       WHERE a.state = 'active' AND id > ?1 AND (?2 IS NULL OR id IN (SELECT agent FROM agent_capability WHERE capability = ?2))
         AND (?3 IS NULL OR p.state = ?3)
       ORDER BY id LIMIT ?4`,
    )
    .bind(query.after ?? "", query.capability ?? null, query.presence ?? null, query.limit + 1)
    .all<EntryRow>();
  const page = results.slice(0, query.limit);
  return { agents: page.map(recordEntry), next: results.length > query.limit ? (page.at(-1)?.id ?? null) : null };
}

function recordEntry(row: EntryRow): AgentEntry {
  const { presence: state, at, ignores } = row;
  return {
    ...recordAgent(row),
    presence: state === null ? null : { state, at: new Date(at ?? 0).toISOString(), ignores: ignores ?? 0 },
  };
}
