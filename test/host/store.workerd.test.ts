import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { createDurableWorld, type ObjectState } from "../../src/durable/host/storage/durable-world.ts";
import { describePage } from "./page-contract.ts";
import { describeStore } from "./store-contract.ts";
import { describeTrimmed } from "./trimmed-store-contract.ts";
import { getActor, type TestEnv } from "./worker/index.ts";

let objects = 0;

for (const describe of [describeStore, describePage, describeTrimmed])
  describe("a Durable Object", async (body) => {
    objects += 1;
    await runInDurableObject(getActor(env as unknown as TestEnv, `store-${objects}`), async (_, ctx) => {
      // The object's own tables are in the way of an empty storage.
      await ctx.storage.deleteAll();
      const transport = { deliver: () => Promise.reject(new Error("nothing is sent")) };
      body(createDurableWorld(ctx as unknown as ObjectState, "task/t1", transport).storage);
    });
  });
