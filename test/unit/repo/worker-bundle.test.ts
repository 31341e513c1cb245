/** [DESC] What the Worker carries, and what it costs to start it: counts of the bundle, and the CPU of evaluating it. */
import { execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build, type Plugin } from "esbuild";
import { beforeAll, expect, test } from "vitest";

const root = join(import.meta.dirname, "../../..");

const bounds = {
  /** Bytes, compressed: some 4 % above what it is. Cloudflare takes 3 MB; what grows by a twentieth should be looked at. */
  gzip: 400_000,
  /** Milliseconds of CPU: five times what it takes on a small machine. Cloudflare ends a Worker that starts for longer than a second. */
  startCpu: 400,
} as const;

/** The platform's own modules, as far as the bundle needs them to be evaluated in Node. */
const platform: Plugin = {
  name: "platform",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^cloudflare:/ }, ({ path }) => ({ path, namespace: "platform" }));
    onLoad({ filter: /.*/, namespace: "platform" }, () => ({ contents: "export class DurableObject {} export const env = {};" }));
  },
};

let code: Uint8Array;
let inputs: string[];

beforeAll(async () => {
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: ["src/worker/index.ts"],
    ...{ bundle: true, minify: true, write: false, metafile: true, format: "esm", target: "es2024", logLevel: "silent" },
    conditions: ["workerd", "worker", "browser", "module"],
    external: ["node:*"],
    plugins: [platform],
  });
  code = outputFiles[0]?.contents ?? new Uint8Array();
  const [output] = Object.values(metafile.outputs);
  inputs = Object.entries(output?.inputs ?? {}).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : []));
});

test("[DESC6] the Worker carries no schema that its door does not judge by, nothing that describes it, and one language of messages", () => {
  // An agent's card is also what objects tell each other of a claim.
  expect(inputs.length).toBeGreaterThan(300);
  const stray = (pattern: RegExp): string[] => inputs.filter((path) => pattern.test(path));
  expect(
    stray(
      /^src\/contract\/(views\/(?!agent\.ts)|frames\/server-|routing\.ts|problem-meanings\.ts|kinds\/(engine-kinds|lease|offer|thread|turn)\.ts)/,
    ),
  ).toEqual([]);
  expect(stray(/^(src\/worker\/describe|schemas|src\/compile\/diagnostics\/families)\//)).toEqual([]);
  // Whoever writes `import { z } from "zod"` rather than `import * as z from "zod"` brings all of them in.
  expect(stray(/zod\/v4\/locales\//).map((path) => path.replace(/.*\//, ""))).toEqual(["en.js"]);
});

test("[DESC7] the Worker is small enough, and starts with little CPU", async () => {
  const gzip = gzipSync(code).byteLength;
  expect(gzip).toBeLessThan(bounds.gzip);
  const folder = await mkdtemp(join(tmpdir(), "nerveflare-bundle-"));
  try {
    const path = join(folder, "worker.mjs");
    await writeFile(path, code);
    const evaluate = `const began = process.cpuUsage(); const { default: worker } = await import(${JSON.stringify(path)});
      const { user, system } = process.cpuUsage(began); console.log(typeof worker.fetch, (user + system) / 1000);`;
    // CPU of a process of its own, the least of some: others on the machine only add to it.
    const times = Array.from({ length: 3 }, () => {
      const said = execFileSync(process.execPath, ["--input-type=module", "-e", evaluate], { encoding: "utf8" }).trim();
      expect(said).toMatch(/^function \d/);
      return Number(said.split(" ")[1]);
    });
    console.log(`the Worker: ${gzip} bytes compressed, ${Math.round(Math.min(...times))} ms of CPU to start`);
    expect(Math.min(...times)).toBeLessThan(bounds.startCpu);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
