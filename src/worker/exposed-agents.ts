/** Agents that have an A2A card: by an operator's word, or by their own. Whatever an operator said of one counts more. */

import type { AgentExposure } from "../contract/views/agent.ts";

export interface ExposedAgent {
  id: string;
  /** What the card says of it; null: its capabilities say it. */
  description: string | null;
  capabilities: string[];
}

interface ExposedRow {
  id: string;
  description: string | null;
  capabilities: string;
}

const exposed =
  "SELECT a.id, e.description, a.capabilities FROM exposed_agent e JOIN agent a ON a.id = e.agent WHERE e.open = 1 AND a.state = 'active'";

/** By id. */
export async function listExposedAgents(db: D1Database, limit: number): Promise<ExposedAgent[]> {
  const { results } = await db.prepare(`${exposed} ORDER BY a.id LIMIT ?`).bind(limit).all<ExposedRow>();
  return results.map(parseRow);
}

/** Undefined: there is no such agent, or it has no card. */
export async function readExposedAgent(db: D1Database, id: string): Promise<ExposedAgent | undefined> {
  const row = await db.prepare(`${exposed} AND a.id = ?`).bind(id).first<ExposedRow>();
  return row ? parseRow(row) : undefined;
}

/** Whether an agent has a card, and what that says of it. */
export async function readExposure(db: D1Database, id: string): Promise<AgentExposure> {
  const row = await db
    .prepare("SELECT open, description, decided FROM exposed_agent WHERE agent = ?")
    .bind(id)
    .first<{ open: number; description: string | null; decided: number }>();
  return { exposed: row?.open === 1, description: row?.description ?? null, decided: row?.decided === 1 };
}

/**
 * With a card or without one.
 * @returns false: an operator said that the agent has none, which only an operator changes
 */
export async function decideExposure(
  db: D1Database,
  id: string,
  { open, description, isOperator }: { open: boolean; description: string | null; isOperator: boolean },
): Promise<boolean> {
  // What an operator decided in favour of a card leaves its text, and whether to have it, to the agent.
  const row = await db
    .prepare(
      `INSERT INTO exposed_agent (agent, open, description, decided) VALUES (?, ?, ?, ?)
       ON CONFLICT (agent) DO UPDATE SET open = excluded.open, description = excluded.description, decided = excluded.decided
       WHERE excluded.decided = 1 OR exposed_agent.decided = 0 OR exposed_agent.open = 1 RETURNING agent`,
    )
    .bind(id, Number(open), description, Number(isOperator))
    .first();
  return row !== null;
}

/** With the agent goes what was said of it. */
export async function forgetExposure(db: D1Database, id: string): Promise<void> {
  await db.prepare("DELETE FROM exposed_agent WHERE agent = ?").bind(id).run();
}

function parseRow({ id, description, capabilities }: ExposedRow): ExposedAgent {
  return { id, description, capabilities: JSON.parse(capabilities) as string[] };
}
