/** [DESC] What the Worker carries, and what it costs to start it: counts of the bundle, and the CPU of evaluating it. */
import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build, type Plugin } from "esbuild";
import { beforeAll, expect, test } from "vitest";

const root = join(import.meta.dirname, "../../..");

const bounds = {
  /** Bytes, compressed, of what is evaluated at the start: some 5 % above what it is. What grows by a twentieth should be looked at. */
  start: 430_000,
  /** The same of all, with the gateways that are evaluated when somebody calls them. Cloudflare takes 3 MB. */
  whole: 600_000,
  /** Milliseconds of CPU: five times what it takes on a small machine. Cloudflare ends a Worker that starts for longer than a second. */
  startCpu: 400,
} as const;

/** Packages of protocols that few callers speak. A gateway's route loads its own by `await import(…)`. */
const lazy = /\/node_modules\/(@modelcontextprotocol|@a2a-js)\//;

/** The platform's own modules, as far as the bundle needs them to be evaluated in Node. */
const platform: Plugin = {
  name: "platform",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^cloudflare:/ }, ({ path }) => ({ path, namespace: "platform" }));
    onLoad({ filter: /.*/, namespace: "platform" }, () => ({ contents: "export class DurableObject {} export const env = {};" }));
  },
};

/** Has each file of a gateway's package say that it was evaluated. */
const witness: Plugin = {
  name: "witness",
  setup({ onLoad }) {
    onLoad({ filter: lazy }, async ({ path }) => {
      const name = JSON.stringify(path.replace(/.*\/node_modules\//, ""));
      return { contents: `${await readFile(path, "utf8")}\n;(globalThis.evaluated ??= []).push(${name});`, loader: "js" };
    });
  },
};

/** Leaves out whatever is loaded later. */
const startOnly: Plugin = {
  name: "start-only",
  setup({ onResolve }) {
    onResolve({ filter: /.*/ }, ({ kind }) => (kind === "dynamic-import" ? { path: "later", external: true } : undefined));
  },
};

let start: Bundle;
let whole: Bundle;

interface Bundle {
  code: Uint8Array;
  /** Files of which something is in it. */
  inputs: string[];
}

async function bundle(...plugins: Plugin[]): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: ["src/worker/index.ts"],
    ...{ bundle: true, minify: true, write: false, metafile: true, format: "esm", target: "es2024", logLevel: "silent" },
    conditions: ["workerd", "worker", "browser", "module"],
    external: ["node:*"],
    plugins: [platform, ...plugins],
  });
  const [output] = Object.values(metafile.outputs);
  const inputs = Object.entries(output?.inputs ?? {}).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : []));
  return { code: outputFiles[0]?.contents ?? new Uint8Array(), inputs };
}

beforeAll(async () => {
  [start, whole] = await Promise.all([bundle(startOnly), bundle(witness)]);
});

test("[DESC6] the Worker carries no schema that its door does not judge by, nothing that describes it, and one language of messages", () => {
  // An agent's card is also what objects tell each other of a claim.
  const { inputs } = whole;
  expect(inputs.length).toBeGreaterThan(300);
  const stray = (pattern: RegExp): string[] => inputs.filter((path) => pattern.test(path));
  expect(
    stray(
      /^src\/contract\/(views\/(?!agent\.ts)|frames\/server-|routing\.ts|problem-meanings\.ts|kinds\/(engine-kinds|lease|offer|thread|turn)\.ts)/,
    ),
  ).toEqual([]);
  expect(stray(/^(src\/worker\/describe|schemas|src\/compile\/diagnostics\/families)\//)).toEqual([]);
  // Whoever writes `import { z } from "zod"` rather than `import * as z from "zod"` brings all of them in.
  expect(stray(/zod\/v4\/locales\/(?!index)/).map((path) => path.replace(/.*\//, ""))).toEqual(["en.js"]);
});

test("[DESC7] the Worker is small enough, starts with little CPU, and evaluates no gateway's package before somebody calls it", async () => {
  const [startSize, wholeSize] = [start, whole].map(({ code }) => gzipSync(code).byteLength) as [number, number];
  expect(startSize).toBeLessThan(bounds.start);
  expect(wholeSize).toBeLessThan(bounds.whole);
  const folder = await mkdtemp(join(tmpdir(), "nerveflare-bundle-"));
  try {
    const path = join(folder, "worker.mjs");
    await writeFile(path, whole.code);
    const evaluate = `const began = process.cpuUsage(); const { default: worker } = await import(${JSON.stringify(path)});
      const { user, system } = process.cpuUsage(began); console.log(typeof worker.fetch, (user + system) / 1000, globalThis.evaluated ?? "");`;
    // CPU of a process of its own, the least of some: others on the machine only add to it.
    const times = Array.from({ length: 3 }, () => {
      const said = execFileSync(process.execPath, ["--input-type=module", "-e", evaluate], { encoding: "utf8" }).trim();
      // Whoever imports a gateway's package on the way of the start has it evaluated, and named here.
      expect(said).toMatch(/^function [\d.]+$/);
      return Number(said.split(" ")[1]);
    });
    console.log(
      `the Worker: ${startSize} bytes compressed at its start, ${wholeSize} in all, ${Math.round(Math.min(...times))} ms of CPU to start`,
    );
    expect(Math.min(...times)).toBeLessThan(bounds.startCpu);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test("[DESC10] each gateway's package is in the Worker, and in nothing that its start evaluates", () => {
  const packages = (inputs: string[]): string[] => [
    ...new Set(inputs.flatMap((path) => /node_modules\/((?:@modelcontextprotocol|@a2a-js)\/[^/]+)\//.exec(path)?.[1] ?? [])),
  ];
  expect(packages(start.inputs)).toEqual([]);
  expect(packages(whole.inputs)).toContain("@modelcontextprotocol/server");
  expect(start.inputs.filter((path) => path.startsWith("src/worker/gateways/"))).toEqual([]);
});
