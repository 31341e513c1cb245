/** What wrangler.toml and its neighbours must say for every way of deploying: the command, plain Wrangler, the Deploy button. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "smol-toml";
import { expect, test } from "vitest";
import * as z from "zod";
import manifest from "../../../package.json" with { type: "json" };

const root = join(import.meta.dirname, "../../..");
const read = (path: string): string => readFileSync(join(root, path), "utf8");

const environment = z.looseObject({
  name: z.string(),
  durable_objects: z.object({
    bindings: z.array(z.object({ name: z.string(), class_name: z.string() })),
    code_update_strategy: z.object({ mode: z.enum(["deferred", "immediate"]), max_delay: z.number().optional() }),
  }),
  d1_databases: z.tuple([z.strictObject({ binding: z.literal("DB"), database_name: z.string(), migrations_dir: z.literal("migrations") })]),
  secrets: z.object({ required: z.array(z.string()) }),
  observability: z.object({ enabled: z.literal(true), head_sampling_rate: z.number() }),
});
const config = environment
  .extend({
    main: z.string(),
    minify: z.literal(true),
    migrations: z.array(z.object({ tag: z.string(), new_sqlite_classes: z.array(z.string()).optional() })),
    env: z.object({ staging: environment }),
  })
  .parse(parse(read("wrangler.toml")));
const { staging } = config.env;

test("[DEPLOY2] no environment names a database by its id, and each requires the secret without which nobody is served", () => {
  // `d1_databases` above is strict: an id does not parse.
  expect(read("wrangler.toml")).not.toMatch(/^\s*(preview_)?database_id/m);
  for (const { secrets } of [config, staging]) expect(secrets.required).toEqual(["NERVEFLARE_ADMIN_TOKEN"]);
});

test("[DEPLOY2] staging has all that production has, under names of its own", () => {
  expect(staging.durable_objects.bindings).toEqual(config.durable_objects.bindings);
  expect(staging.name).not.toBe(config.name);
  expect(staging.d1_databases[0].database_name).not.toBe(config.d1_databases[0].database_name);
  const made = config.migrations.flatMap(({ new_sqlite_classes: classes = [] }) => classes);
  expect(made.toSorted()).toEqual(config.durable_objects.bindings.map(({ class_name: name }) => name).toSorted());
});

test("[DEPLOY2] objects take up new code within a minute, and logs are sampled where many are written", () => {
  const { mode, max_delay: delay } = config.durable_objects.code_update_strategy;
  expect({ mode, delay }).toEqual({ mode: "deferred", delay: 60 });
  expect(staging.durable_objects.code_update_strategy.mode).toBe("immediate");
  expect(config.observability.head_sampling_rate).toBe(0.1);
  expect(staging.observability.head_sampling_rate).toBe(1);
});

test("[DEPLOY3] the Deploy button finds a Worker at the root, secrets without a value to accept, a description of each, and a script that migrates", () => {
  expect(readdirSync(root)).toEqual(expect.arrayContaining(["wrangler.toml", "package.json", "package-lock.json", ".dev.vars.example"]));
  const given = [...read(".dev.vars.example").matchAll(/^([A-Z_]+)=(.*)$/gm)].map(([, name, value]) => [name, value]);
  // Whoever accepts what is filled in there would have an admin token that everybody can read.
  expect(given).toEqual(config.secrets.required.map((name) => [name, ""]));
  expect(Object.keys(manifest.cloudflare.bindings)).toEqual(config.secrets.required);
  expect(manifest.scripts.deploy).toBe("node bin/nerveflare.js deploy");
});
