/**
 * The D1 migrations that this code needs, as `migrations/` has them: the Worker's bundle can't list a folder. A test
 * compares the two. Wrangler and `nerveflare start` note what they applied in `d1_migrations`.
 */
export const requiredMigrations: readonly string[] = [
  "0001_registry.sql",
  "0002_projection.sql",
  "0003_turn.sql",
  "0004_identity.sql",
  "0005_log.sql",
  "0006_accepts.sql",
  "0007_control.sql",
  "0008_routing.sql",
  "0009_audience.sql",
  "0010_presence.sql",
  "0011_unreachable.sql",
  "0012_archive.sql",
  "0013_ignored_offers.sql",
  "0014_control_answers.sql",
];

/**
 * The migrations that are not applied yet, in order.
 * @throws what D1 throws when it cannot be read
 */
export async function findMissingMigrations(db: D1Database, required: readonly string[]): Promise<string[]> {
  const applied = await db
    .prepare("SELECT name FROM d1_migrations")
    .all<{ name: string }>()
    .then(({ results }) => new Set(results.map(({ name }) => name)))
    .catch((error: unknown) => {
      // A database that nobody has migrated yet has no such table.
      if (String(error).includes("no such table")) return new Set<string>();
      throw error;
    });
  return required.filter((name) => !applied.has(name));
}
