/** Workflows that clients of the gateways start by name: those that are published with `expose: true`. Reads no sources and no machines. */
import type { JsonSchema } from "../contract/json-schema/check-schema.ts";

/** What a client is told of a workflow before it starts it. */
export interface ExposedWorkflow {
  name: string;
  description: string;
  revision: string;
  /** Of the data that a thread begins with: takes an object. Null: any object, or none. */
  input: JsonSchema | null;
  updatedAt: string;
}

interface ExposedRow {
  name: string;
  description: string;
  revision: string;
  input: string | null;
  updated_at: number;
}

const columns = "name, description, revision, input, updated_at";
// In the words of the index that holds these rows alone.
const exposed = "exposed = 1 AND published = 1";

/**
 * A page of exposed workflows by name.
 * @param query after: the last name of the page before
 */
export async function listExposed(
  db: D1Database,
  query: { after?: string | undefined; limit: number },
): Promise<{ workflows: ExposedWorkflow[]; next: string | null }> {
  const { results } = await db
    .prepare(`SELECT ${columns} FROM workflow WHERE ${exposed} AND name > ? ORDER BY name LIMIT ?`)
    .bind(query.after ?? "", query.limit + 1)
    .all<ExposedRow>();
  const page = results.slice(0, query.limit).map(parseRow);
  return { workflows: page, next: results.length > query.limit ? (page.at(-1)?.name ?? null) : null };
}

/** One of them; undefined where no workflow of the name is published, or it is not exposed. */
export async function readExposed(db: D1Database, name: string): Promise<ExposedWorkflow | undefined> {
  const row = await db.prepare(`SELECT ${columns} FROM workflow WHERE ${exposed} AND name = ?`).bind(name).first<ExposedRow>();
  return row ? parseRow(row) : undefined;
}

function parseRow({ name, description, revision, input, updated_at }: ExposedRow): ExposedWorkflow {
  return {
    ...{ name, description, revision },
    input: input === null ? null : (JSON.parse(input) as JsonSchema),
    updatedAt: new Date(updated_at).toISOString(),
  };
}
