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
  "0015_log.sql",
  "0016_placement.sql",
  "0017_webhook.sql",
  "0018_session.sql",
  "0019_exposed.sql",
  "0020_hook.sql",
  "0021_artifact.sql",
  "0022_a2a.sql",
  "0023_a2a_push.sql",
  "0024_finished_upload.sql",
];
