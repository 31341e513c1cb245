/** Which Wrangler is run, and how. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import manifest from "../../../package.json" with { type: "json" };
import { deployLimits, oldestWrangler, triedWrangler } from "../../../src/deploy/limits.ts";
import { createWrangler, findWrangler } from "../../../src/deploy/wrangler.ts";
import { root } from "./scripted-wrangler.ts";

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "nerveflare-wrangler-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function install(version: string, code: string): string {
  const folder = makeFolder();
  mkdirSync(join(folder, "node_modules/wrangler/bin"), { recursive: true });
  writeFileSync(join(folder, "node_modules/wrangler/package.json"), JSON.stringify({ version, bin: { wrangler: "./bin/wrangler.mjs" } }));
  writeFileSync(join(folder, "node_modules/wrangler/bin/wrangler.mjs"), code);
  return folder;
}

test("[DEPLOY13] the project's own Wrangler goes before ours, ours before one that is fetched, and an old one is refused", () => {
  const project = install("4.150.1", "");
  expect(findWrangler([project, root])).toMatchObject({
    version: "4.150.1",
    command: [process.execPath, expect.stringContaining(project)],
  });
  // What is tried is what is installed here, and what would be fetched.
  expect(findWrangler([makeFolder(), root]).version).toBe(triedWrangler);
  expect(manifest.devDependencies.wrangler).toBe(`^${triedWrangler}`);
  expect(findWrangler([makeFolder()])).toMatchObject({ command: [expect.stringMatching(/^npx/), "--yes", `wrangler@${triedWrangler}`] });
  for (const old of ["4.140.9", "3.999.0"])
    expect(() => findWrangler([install(old, "")]), old).toThrow(expect.objectContaining({ code: "wrangler_old" }));
  expect(findWrangler([install(oldestWrangler, "")]).version).toBe(oldestWrangler);
});

test("[DEPLOY13] it is run without the admin token, without questions and without colours, and what it says is bounded", async () => {
  const folder = install(
    triedWrangler,
    `import { writeFileSync } from "node:fs";
     const { NERVEFLARE_ADMIN_TOKEN, CLOUDFLARE_ENV, CI, WRANGLER_SEND_METRICS, CLOUDFLARE_API_TOKEN } = process.env;
     console.log(JSON.stringify({ NERVEFLARE_ADMIN_TOKEN, CLOUDFLARE_ENV, CI, WRANGLER_SEND_METRICS, CLOUDFLARE_API_TOKEN, args: process.argv.slice(2) }));
     console.error("\\u001b[31mred\\u001b[0m");
     console.error("x".repeat(Number(process.env.LENGTH)));
     writeFileSync(process.env.WRANGLER_OUTPUT_FILE_PATH, '{"type":"deploy"}\\n{"type":"dep');
     process.exitCode = 3;`,
  );
  const env = { PATH: process.env.PATH, NERVEFLARE_ADMIN_TOKEN: "secret", CLOUDFLARE_ENV: "staging", CLOUDFLARE_API_TOKEN: "its own" };
  const wrangler = createWrangler(findWrangler([folder]), folder, env);
  const { code, stdout, said, records } = await wrangler(["d1", "list"], { LENGTH: "0" });
  expect({ code, records }).toEqual({ code: 3, records: [{ type: "deploy" }] });
  expect(JSON.parse(stdout)).toEqual({ CI: "1", WRANGLER_SEND_METRICS: "false", CLOUDFLARE_API_TOKEN: "its own", args: ["d1", "list"] });
  expect(said).toContain("red\n");
  expect(said).not.toContain("\u001b");
  expect((await wrangler([], { LENGTH: "3000000" })).said.length).toBeLessThanOrEqual(deployLimits.output);
});

test("[DEPLOY13] one that hangs, or is told to end, ends with all its processes", async () => {
  // As Wrangler itself: a parent that hands its output on to the process that works.
  const code = `import { spawn } from "node:child_process";
    spawn(process.execPath, ["-e", "console.log('works'); setInterval(() => {}, 1000)"], { stdio: "inherit" });
    setInterval(() => {}, 1000);`;
  const folder = install(triedWrangler, code);
  const hung = await createWrangler(findWrangler([folder]), folder, { PATH: process.env.PATH }, 1_000)(["deploy"]);
  expect(hung.code).toBeNull();
  const told = createWrangler(findWrangler([folder]), folder, { PATH: process.env.PATH }, 20_000)(["deploy"]);
  process.emit("SIGHUP", "SIGHUP");
  expect((await told).code).toBeNull();
  expect(process.listeners("SIGHUP")).toEqual([]);
});

test("[DEPLOY13] one that cannot be run is missing, with what to install", async () => {
  const found = { command: [join(makeFolder(), "npx"), "--yes"] as const, version: triedWrangler, from: "nowhere" };
  await expect(createWrangler(found, makeFolder(), {})(["whoami"])).rejects.toMatchObject({
    code: "wrangler_missing",
    hint: expect.stringContaining(`wrangler@${triedWrangler}`),
  });
});
