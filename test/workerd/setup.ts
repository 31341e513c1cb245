/** Gives every test file in workerd empty objects and a D1 with all migrations applied, as the deployed Worker has them. */
import { applyD1Migrations, reset } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { cellLimits } from "../../src/durable/cell/cell-limits.ts";

await reset();
await applyD1Migrations(env.DB, env.TEST_MIGRATIONS);
// A cell that waits in memory for its next alarm is not evicted; the platform's alarm wakes it as well.
Object.assign(cellLimits, { awake: 100 });
