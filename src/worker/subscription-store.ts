/** Who is subscribed to which kinds, in D1: what operators grant, and what agents have left of it. */
import type { Subscriptions } from "../contract/views/agent.ts";

// One more than the registry's version, which the same batch raises if a row took it.
const nextVersion = "(SELECT version + 1 FROM registry)";

function raiseVersion(db: D1Database, agent: string): D1PreparedStatement {
  return db
    .prepare(
      "UPDATE registry SET version = version + 1 WHERE EXISTS (SELECT 1 FROM subscription WHERE agent = ? AND changed > registry.version)",
    )
    .bind(agent);
}

export async function readSubscriptions(db: D1Database, agent: string): Promise<Subscriptions> {
  const row = await db
    .prepare("SELECT granted, kinds FROM subscription WHERE agent = ?")
    .bind(agent)
    .first<{ granted: string; kinds: string }>();
  return row ? { granted: JSON.parse(row.granted) as string[], kinds: JSON.parse(row.kinds) as string[] } : { granted: [], kinds: [] };
}

/** An operator's word: these, and no others. False: there is no such agent. */
export async function grantSubscriptions(db: D1Database, agent: string, kinds: string[]): Promise<boolean> {
  const list = JSON.stringify(kinds);
  const [granted] = await db.batch<{ agent: string }>([
    db
      .prepare(
        `INSERT INTO subscription (agent, granted, kinds, changed) SELECT id, ?, ?, ${nextVersion} FROM agent WHERE id = ? AND state = 'active'
         ON CONFLICT (agent) DO UPDATE SET granted = excluded.granted, kinds = excluded.kinds, changed = excluded.changed
         RETURNING agent`,
      )
      .bind(list, list, agent),
    raiseVersion(db, agent),
  ]);
  return (granted?.results.length ?? 0) > 0;
}

/** The agent's own word, already found to be within what was granted. */
export async function narrowSubscriptions(db: D1Database, agent: string, kinds: string[]): Promise<void> {
  await db.batch([
    db.prepare(`UPDATE subscription SET kinds = ?, changed = ${nextVersion} WHERE agent = ?`).bind(JSON.stringify(kinds), agent),
    raiseVersion(db, agent),
  ]);
}

/** The agent is gone; another of its id starts with none. */
export async function removeSubscriptions(db: D1Database, agent: string): Promise<void> {
  await db.batch([
    db
      .prepare(`UPDATE subscription SET granted = '[]', kinds = '[]', changed = ${nextVersion} WHERE agent = ? AND granted <> '[]'`)
      .bind(agent),
    raiseVersion(db, agent),
  ]);
}
