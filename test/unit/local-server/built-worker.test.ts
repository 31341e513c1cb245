import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { type BuiltWorker, readWorker, sumUp, writeWorker } from "../../../src/local-server/built-worker.ts";
import { readOwnSettings } from "../../../src/local-server/load-worker.ts";

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "nerveflare-worker-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function makeWorker(script: string): BuiltWorker {
  return { format: 4, version: "1.0.0", options: { modules: true, script }, migrations: [], code: sumUp(script), assets: {}, sources: {} };
}

test("[SRV20] a Worker that is torn, of two writers, or another version's is not taken for one", () => {
  const folder = join(makeFolder(), "new", "folder");
  const worker = makeWorker("export default {};");
  expect(readWorker(folder, "1.0.0")).toBe("absent");
  writeWorker(folder, worker, "{}");
  expect(readWorker(folder, "1.0.0")).toEqual(worker);
  expect(readWorker(folder, "1.0.1")).toBe("other-version");

  for (const name of ["index.js", "worker.json"]) {
    writeWorker(folder, worker, "{}");
    truncateSync(join(folder, name), 10);
    expect(readWorker(folder, "1.0.0"), name).toBe("damaged");
    rmSync(join(folder, name));
    expect(readWorker(folder, "1.0.0"), name).toBe("absent");
  }

  writeWorker(folder, worker, "{}");
  const before = readFileSync(join(folder, "worker.json"));
  writeWorker(folder, makeWorker("export default { other: true };"), "{}");
  writeFileSync(join(folder, "worker.json"), before);
  expect(readWorker(folder, "1.0.0")).toBe("damaged");
  writeFileSync(join(folder, "worker.json"), "null");
  expect(readWorker(folder, "1.0.0")).toBe("damaged");
  writeFileSync(join(folder, "worker.json"), JSON.stringify({ ...worker, format: 1 }));
  expect(readWorker(folder, "1.0.0")).toBe("other-version");
});

test("[SRV21] a developer's own settings are those of .dev.vars, or else of .env and .env.local", () => {
  const folder = makeFolder();
  expect(readOwnSettings(folder)).toEqual({});
  writeFileSync(join(folder, ".env"), "A=1\nB='two words'\n");
  writeFileSync(join(folder, ".env.local"), "A=3\n");
  expect(readOwnSettings(folder)).toEqual({ A: "3", B: "two words" });
  writeFileSync(join(folder, ".dev.vars"), "C=4 # a remark\n");
  expect(readOwnSettings(folder)).toEqual({ C: "4" });
});
