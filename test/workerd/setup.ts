/** Gives every test file in workerd empty objects and a D1 with all migrations applied, as the deployed Worker has them. */
import { applyD1Migrations, reset } from "cloudflare:test";
import { env } from "cloudflare:workers";

await reset();
await applyD1Migrations(env.DB, env.TEST_MIGRATIONS);
