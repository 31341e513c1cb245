/** Incoming hooks in D1: which there are. What each takes, and how that goes, is its object's. */
import type { HookSender } from "../contract/hook-senders.ts";
import type { HookRecord } from "../contract/views/hook.ts";

/** Hooks of a deployment: each is somebody's decision to let a stranger in. */
export const hooksAtMost = 100;

const columns = "name, sender, kinds, note, created_by, created_at";

interface HookRow {
  name: string;
  sender: HookSender;
  kinds: string;
  note: string;
  created_by: string;
  created_at: number;
}

/** False: there is one of that name, or there are too many. */
export async function addHook(db: D1Database, hook: Omit<HookRecord, "createdAt">, now: number): Promise<boolean> {
  const { name, from, kinds, note, createdBy } = hook;
  const added = await db
    .prepare(
      `INSERT INTO hook (${columns}) SELECT ?, ?, ?, ?, ?, ? WHERE (SELECT count(*) FROM hook) < ? ON CONFLICT DO NOTHING RETURNING name`,
    )
    .bind(name, from, JSON.stringify(kinds), note, createdBy, now, hooksAtMost)
    .first();
  return added !== null;
}

export async function readHook(db: D1Database, name: string): Promise<HookRecord | undefined> {
  const row = await db.prepare(`SELECT ${columns} FROM hook WHERE name = ?`).bind(name).first<HookRow>();
  return row ? toRecord(row) : undefined;
}

export async function changeHook(db: D1Database, name: string, { kinds, note }: Pick<HookRecord, "kinds" | "note">): Promise<void> {
  await db.prepare("UPDATE hook SET kinds = ?, note = ? WHERE name = ?").bind(JSON.stringify(kinds), note, name).run();
}

/** A page, in the order of names. */
export async function listHooks(
  db: D1Database,
  query: { after?: string | undefined; limit: number },
): Promise<{ hooks: HookRecord[]; next: string | null }> {
  const { results } = await db
    .prepare(`SELECT ${columns} FROM hook WHERE name > ? ORDER BY name LIMIT ?`)
    .bind(query.after ?? "", query.limit + 1)
    .all<HookRow>();
  const page = results.slice(0, query.limit).map(toRecord);
  return { hooks: page, next: results.length > query.limit ? (page.at(-1)?.name ?? null) : null };
}

export async function removeHook(db: D1Database, name: string): Promise<void> {
  await db.prepare("DELETE FROM hook WHERE name = ?").bind(name).run();
}

/** @returns whether there is such a hook: asked of D1 until there is, and then of its object alone. True also when D1 cannot be asked. */
export function createHookCheck(db: D1Database): (name: string) => Promise<boolean> {
  const known = new Set<string>();
  return async (name) => {
    if (known.has(name)) return true;
    try {
      if (!(await db.prepare("SELECT 1 FROM hook WHERE name = ?").bind(name).first())) return false;
    } catch (error) {
      console.warn(JSON.stringify({ at: "hook", hook: name, error: String(error) }));
      return true;
    }
    // At most so many, but for those that were removed.
    if (known.size >= hooksAtMost) known.clear();
    known.add(name);
    return true;
  };
}

function toRecord({ name, sender, kinds, note, created_by, created_at }: HookRow): HookRecord {
  const createdAt = new Date(created_at).toISOString();
  return { name, from: sender, kinds: JSON.parse(kinds) as string[], note, createdBy: created_by, createdAt };
}
