/** The configuration with which the Worker goes up. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { completeConfig, findDomain, readWorkerConfig, writeConfig } from "../../../src/deploy/worker-config.ts";
import { root } from "./scripted-wrangler.ts";

const read = (order = {}) => readWorkerConfig(root, "/place/worker.js", order);

test("[DEPLOY14] an environment is what it says, a name brings a database of its own, and a domain takes the place of workers.dev", () => {
  const production = read();
  expect(production).toMatchObject({ name: "nerveflare", main: "/place/worker.js", minify: true });
  expect(production.d1_databases).toEqual([{ binding: "DB", database_name: "nerveflare", migrations_dir: join(root, "migrations") }]);
  expect(production).not.toHaveProperty("env");
  expect(read({ env: "staging" })).toMatchObject({
    name: "nerveflare-staging",
    d1_databases: [{ database_name: "nerveflare-staging" }],
    // Of the top, which all environments share.
    triggers: production["triggers"],
    observability: { head_sampling_rate: 1 },
  });
  expect(read({ name: "other" })).toMatchObject({ name: "other", d1_databases: [{ database_name: "other" }] });
  expect(read({ vars: { NERVEFLARE_RETENTION: "{}" } })).toMatchObject({ vars: { NERVEFLARE_RETENTION: "{}" }, keep_vars: true });
  const domain = read({ domain: "nerve.example.com" });
  expect(domain).toMatchObject({ workers_dev: false, routes: [{ pattern: "nerve.example.com", custom_domain: true }] });
  expect(findDomain(domain)).toBe("nerve.example.com");
  expect(findDomain(production)).toBeUndefined();
  expect(() => read({ env: "qa" })).toThrow(
    expect.objectContaining({ code: "environment_unknown", hint: expect.stringContaining("staging") }),
  );
});

test("[DEPLOY14] what the account has is added, and what is not known is not", () => {
  const complete = completeConfig(read(), { account: "acc", database: "id", jurisdiction: "eu" });
  expect(complete).toMatchObject({ account_id: "acc", vars: { NERVEFLARE_JURISDICTION: "eu" }, d1_databases: [{ database_id: "id" }] });
  expect(completeConfig(read(), {})).toEqual(read());
});

test("[DEPLOY14] a folder that cannot be written is named", () => {
  const folder = mkdtempSync(join(tmpdir(), "nerveflare-config-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "a-file");
  writeFileSync(file, "");
  expect(() => writeConfig(file, read())).toThrow(
    expect.objectContaining({ code: "folder_unwritable", message: expect.stringContaining(file) }),
  );
});
