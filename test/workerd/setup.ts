/** Gives every test file in workerd a D1 with all migrations applied, as the deployed Worker has it. */
import { applyD1Migrations } from "cloudflare:test";
import { env } from "cloudflare:workers";

await applyD1Migrations(env.DB, env.TEST_MIGRATIONS);
