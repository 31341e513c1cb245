/** Workflows in D1: a publish is one batch, so that no reader sees a part of it. */

import type { CompiledWorkflow } from "../compile/compile-workflow.ts";
import type { PauseView, RevisionEntry, WorkflowEntry } from "../contract/views/admission.ts";

interface WorkflowRow {
  name: string;
  revision: string;
  description: string;
  exposed: number;
  source: string;
  created_at: number;
  updated_at: number;
  paused_by: string | null;
  paused_reason: string | null;
  paused_since: string | null;
}

const columns =
  "name, revision, description, exposed, created_at, updated_at, paused.by AS paused_by, paused.reason AS paused_reason, paused.since AS paused_since";
const tables = "workflow LEFT JOIN paused ON paused.workflow = workflow.name";

/** Bytes of compiled JSON: under D1's 2 MB for a row, with its source beside it. */
export const compiledBytes = 1_500_000;

// One more than the registry's version, which the same batch raises if a row took it.
const nextVersion = "(SELECT version + 1 FROM registry)";

/** Raises the version if the statement before it changed this workflow. */
function raiseVersion(db: D1Database, name: string): D1PreparedStatement {
  return db
    .prepare(
      "UPDATE registry SET version = version + 1 WHERE EXISTS (SELECT 1 FROM workflow WHERE name = ? AND changed > registry.version)",
    )
    .bind(name);
}

/**
 * Publishes a revision under its name.
 * @param json the compiled workflow, as it is stored
 * @returns whether it is new: false if this revision was published already
 */
export async function publishWorkflow(
  db: D1Database,
  { ir, revision }: CompiledWorkflow,
  json: string,
  source: string,
  now: number,
): Promise<boolean> {
  const [, published] = await db.batch<{ name: string }>([
    db
      .prepare("INSERT INTO revision (hash, workflow, compiled, source, created_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT (hash) DO NOTHING")
      .bind(revision, ir.name, json, source, now),
    db
      .prepare(
        `INSERT INTO workflow (name, revision, published, changed, description, source, input, exposed, reflexes, created_at, updated_at)
         VALUES (?, ?, 1, ${nextVersion}, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (name) DO UPDATE SET revision = excluded.revision, published = 1, changed = excluded.changed, description = excluded.description,
           source = excluded.source, input = excluded.input, exposed = excluded.exposed, reflexes = excluded.reflexes,
           updated_at = excluded.updated_at
         WHERE workflow.revision <> excluded.revision OR workflow.published = 0
         RETURNING name`,
      )
      .bind(
        ir.name,
        revision,
        ir.description,
        source,
        ir.input === undefined ? null : JSON.stringify(ir.input),
        ir.expose ? 1 : 0,
        JSON.stringify(ir.reflexes),
        now,
        now,
      ),
    // Comments are no part of a revision; who reads the source back expects them all the same.
    db.prepare("UPDATE workflow SET source = ? WHERE name = ? AND source <> ?").bind(source, ir.name, source),
    raiseVersion(db, ir.name),
  ]);
  return (published?.results.length ?? 0) > 0;
}

/** Withdraws a workflow: no new threads, running ones go on. False if none is published. */
export async function withdrawWorkflow(db: D1Database, name: string, now: number): Promise<boolean> {
  const [withdrawn] = await db.batch([
    db
      .prepare(
        `UPDATE workflow SET published = 0, changed = ${nextVersion}, updated_at = ? WHERE name = ? AND published = 1 RETURNING name`,
      )
      .bind(now, name),
    raiseVersion(db, name),
  ]);
  return (withdrawn?.results.length ?? 0) > 0;
}

export async function readWorkflow(db: D1Database, name: string): Promise<(WorkflowEntry & { source: string }) | undefined> {
  const row = await db.prepare(`SELECT ${columns}, source FROM ${tables} WHERE name = ? AND published = 1`).bind(name).first<WorkflowRow>();
  return row ? { ...recordWorkflow(row), source: row.source } : undefined;
}

/** Revisions of a workflow that are shown: of more than that nobody reads them all. */
const revisionsShown = 200;

/** The published revision, and those that threads run on; the most threads first. */
export async function listRevisions(db: D1Database, name: string): Promise<RevisionEntry[]> {
  const { results } = await db
    .prepare(
      `SELECT revision, max(published) AS published, sum(threads) AS threads FROM (
         SELECT revision, 1 AS published, 0 AS threads FROM workflow WHERE name = ?1 AND published = 1
         UNION ALL SELECT revision, 0, count(*) FROM thread
         WHERE workflow = ?1 AND status IN ('queued', 'recruiting', 'running', 'suspended') GROUP BY revision
       ) GROUP BY revision ORDER BY published DESC, threads DESC, revision LIMIT ?2`,
    )
    .bind(name, revisionsShown)
    .all<{ revision: string; published: number; threads: number }>();
  return results.map(({ revision, published, threads }) => ({ revision, published: published === 1, threads }));
}

/** The revisions of a workflow that begin so, two at most. */
export async function findRevisions(
  db: D1Database,
  name: string,
  beginning: string,
): Promise<{ revision: string; createdAt: string; source: string }[]> {
  const { results } = await db
    .prepare("SELECT hash, created_at, source FROM revision WHERE hash >= ?1 AND hash < ?1 || 'g' AND workflow = ?2 ORDER BY hash LIMIT 2")
    .bind(beginning, name)
    .all<{ hash: string; created_at: number; source: string }>();
  return results.map(({ hash, created_at, source }) => ({ revision: hash, createdAt: new Date(created_at).toISOString(), source }));
}

/** A page of workflows by name. */
export async function listWorkflows(
  db: D1Database,
  query: { after?: string | undefined; limit: number },
): Promise<{ workflows: WorkflowEntry[]; next: string | null }> {
  const { results } = await db
    .prepare(`SELECT ${columns}, '' AS source FROM ${tables} WHERE published = 1 AND name > ? ORDER BY name LIMIT ?`)
    .bind(query.after ?? "", query.limit + 1)
    .all<WorkflowRow>();
  const page = results.slice(0, query.limit);
  return { workflows: page.map(recordWorkflow), next: results.length > query.limit ? (page.at(-1)?.name ?? null) : null };
}

function recordWorkflow(row: WorkflowRow): WorkflowEntry {
  const { name, revision, description, paused_by: by, paused_reason: reason, paused_since: since } = row;
  return {
    name,
    revision,
    description,
    ...(row.exposed === 1 && { exposed: true as const }),
    paused: by === null || since === null ? null : { by, reason, since },
    createdAt: new Date(row.created_at).toISOString(),
    updatedAt: new Date(row.updated_at).toISOString(),
  };
}

/** Copies what the workflow's object says of its pause to where lists read it. */
export async function notePause(db: D1Database, workflow: string, pause: PauseView | null): Promise<void> {
  if (pause)
    await db
      .prepare("INSERT OR REPLACE INTO paused (workflow, by, reason, since) VALUES (?, ?, ?, ?)")
      .bind(workflow, pause.by, pause.reason, pause.since)
      .run();
  else await db.prepare("DELETE FROM paused WHERE workflow = ?").bind(workflow).run();
}

/** Published workflows whose admission is stopped, longest first. */
export async function listPaused(db: D1Database): Promise<({ workflow: string } & PauseView)[]> {
  const { results } = await db
    .prepare(
      `SELECT paused.workflow, paused.by, paused.reason, paused.since FROM paused JOIN workflow ON workflow.name = paused.workflow
       WHERE workflow.published = 1 ORDER BY paused.since LIMIT 100`,
    )
    .all<{ workflow: string } & PauseView>();
  return results;
}
