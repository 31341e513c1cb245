/** Reads in D1 what agents say they accept, and finds the candidates of a role whose own rules would drop its turns. */

import type { WorkflowIr } from "../compile/ir.ts";
import { findDroppedTurns } from "../compile/judge-turns.ts";
import { type AcceptedKinds, turnKind } from "../contract/accepts.ts";
import type { Json } from "../contract/event.ts";
import type { JsonSchema, Work } from "../contract/json-schema/check-schema.ts";
import type { AcceptedSchema, TurnWarning } from "../contract/views/agent.ts";

const publishLimits = {
  /** Agents whose rules a publish reads, and misfits that it tells: a fleet of like agents needs no more to be mended. */
  agents: 500,
  warnings: 50,
  /** Steps of judging for all of them, some 0.1 s, and for one agent: the others' rules are read too, and everybody waits. */
  steps: 4_000_000,
  stepsOfOne: 100_000,
} as const;

/** Kinds and who accepts them, by kind and agent; `next` is the cursor to go on from. */
export async function listSchemas(
  db: D1Database,
  query: { kind?: string | undefined; agent?: string | undefined; after?: string | undefined; limit: number },
): Promise<{ schemas: AcceptedSchema[]; next: string | null }> {
  // Neither kinds nor ids hold a space.
  const { results } = await db
    .prepare(
      `SELECT k.key AS kind, s.agent AS agent, CASE k.type WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' ELSE k.value END AS schema
       FROM agent_accepts s JOIN agent a ON a.id = s.agent AND a.state = 'active', json_each(s.accepts) k
       WHERE (? IS NULL OR k.key = ?) AND (? IS NULL OR s.agent = ?) AND k.key || ' ' || s.agent > ?
       ORDER BY k.key || ' ' || s.agent LIMIT ?`,
    )
    .bind(query.kind ?? null, query.kind ?? null, query.agent ?? null, query.agent ?? null, query.after ?? "", query.limit + 1)
    .all<{ kind: string; agent: string; schema: string }>();
  const page = results.slice(0, query.limit);
  const last = page.at(-1);
  return {
    schemas: page.map(({ kind, agent, schema }) => ({ kind, agent, schema: JSON.parse(schema) as Json })),
    next: results.length > query.limit && last ? `${last.kind} ${last.agent}` : null,
  };
}

/**
 * Candidates of the workflow's roles that declared which turns they take, where the workflow's would be dropped. What a turn will hold
 * is known here but for prompts and outputs, so only misfits of the workflow and the role count.
 */
export async function findTurnWarnings(db: D1Database, ir: WorkflowIr): Promise<TurnWarning[]> {
  const { results } = await db
    .prepare(
      `SELECT a.id, a.capabilities, a.roles, s.accepts FROM agent_accepts s JOIN agent a ON a.id = s.agent AND a.state = 'active'
       WHERE json_type(s.accepts, ?) IS NOT NULL ORDER BY a.id LIMIT ?`,
    )
    .bind(`$."${turnKind}"`, publishLimits.agents)
    .all<{ id: string; capabilities: string; roles: string | null; accepts: string }>();
  const warnings: TurnWarning[] = [];
  const left: Work = { left: publishLimits.steps };
  for (const { id, capabilities, roles, accepts } of results) {
    const schema = (JSON.parse(accepts) as AcceptedKinds)[turnKind] as JsonSchema;
    const card = { id, capabilities: JSON.parse(capabilities) as string[], roles: roles === null ? null : (JSON.parse(roles) as string[]) };
    const own: Work = { left: Math.min(publishLimits.stepsOfOne, left.left) };
    left.left -= own.left;
    warnings.push(...findDroppedTurns(ir, card, schema, own));
    left.left += Math.max(0, own.left);
    if (warnings.length >= publishLimits.warnings || left.left <= 0) break;
  }
  return warnings.slice(0, publishLimits.warnings);
}
