/**
 * What a platform does not have does not compile where it would be missed. Files in several rooms use what each platform alone has, and
 * what all have.
 */
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findPlatforms, type Platform, platformNames } from "../../../scripts/house/platforms.ts";

/** A line each, so that a complaint's line tells what it is about. */
const lines = [
  'export const a = process.env["HOME"];',
  'export const b = Buffer.from("x");',
  "export const c = () => setImmediate(() => {});",
  'export { readFileSync } from "node:fs";',
  "export type D = DurableObjectState;",
  "export const e = () => new WebSocketPair();",
  'export { DurableObject } from "cloudflare:workers";',
  "export const f = () => document.title;",
  "export const g = () => new XMLHttpRequest();",
  "export const h = () => structuredClone(new URL('http://127.0.0.1').searchParams.get('x') ?? crypto.randomUUID());",
  "export const i = async () => new TextEncoder().encode(await (await fetch('http://127.0.0.1')).text());",
];
const ofNode = ["process", "Buffer", "setImmediate", "node:fs"];
const ofWorkers = ["DurableObjectState", "WebSocketPair", "cloudflare:workers"];
const ofBrowsers = ["document", "XMLHttpRequest"];

const folder = mkdtempSync(join(tmpdir(), "nerveflare-platforms-"));
/** What is refused, by platform and room. */
const refused = new Map<string, Set<string>>();

const places = [
  "src/client",
  "src/contract",
  "machines",
  "src/compile/lower",
  "src/durable/host",
  "src/worker",
  "src/durable/thread",
  "src/cli/lib",
];

beforeAll(async () => {
  for (const path of ["scripts/house/no-node", "tsconfig.json"]) cpSync(path, join(folder, path), { recursive: true });
  symlinkSync(resolve("node_modules"), join(folder, "node_modules"));
  for (const place of places) {
    mkdirSync(join(folder, place), { recursive: true });
    // A package that asks for Node's types does not bring them along.
    writeFileSync(join(folder, place, "planted.ts"), `${[...lines, 'export { Liquid } from "liquidjs";'].join("\n")}\n`);
  }
  await Promise.all(
    platformNames.map(async (platform) => {
      for (const [, path = "", line, text] of (await compile(platform)).matchAll(/^(\S+)\((\d+),\d+\): error (.*)$/gm)) {
        const what = lines[Number(line) - 1] ?? "";
        const name = [...ofNode, ...ofWorkers, ...ofBrowsers].find((each) => what.includes(each));
        const key = `${platform} ${path.replace(/\/planted\.ts$/, "")}`;
        refused.set(key, (refused.get(key) ?? new Set()).add(name ?? `${line}: ${text}`));
      }
    }),
  );
}, 120_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The platform's own configuration, for the planted files alone: which rooms it has is tested by the table. */
function compile(platform: Platform): Promise<string> {
  cpSync(`tsconfig.${platform}.json`, join(folder, `tsconfig.${platform}.json`));
  const include = places.map((place) => `${place}/planted.ts`).filter((path) => findPlatforms(path)?.includes(platform));
  writeFileSync(join(folder, `${platform}.json`), JSON.stringify({ extends: `./tsconfig.${platform}.json`, include }));
  return new Promise((done) => {
    const args = ["-p", `${platform}.json`, "--pretty", "false"];
    execFile(resolve("node_modules/.bin/tsc"), args, { cwd: folder, maxBuffer: 100_000_000 }, (_, stdout) => done(stdout));
  });
}

const lacking: Record<Platform, string[]> = {
  node: [...ofWorkers, ...ofBrowsers],
  workers: [...ofNode, ...ofBrowsers],
  browsers: [...ofNode, ...ofWorkers],
};
const rooms: [place: string, runsIn: Platform[]][] = [
  ["src/client", ["node", "workers", "browsers"]],
  ["src/contract", ["node", "workers", "browsers"]],
  ["machines", ["node", "workers", "browsers"]],
  ["src/compile/lower", ["node", "workers", "browsers"]],
  ["src/durable/host", ["node", "workers"]],
  ["src/worker", ["workers"]],
  ["src/durable/thread", ["workers"]],
  ["src/cli/lib", ["node"]],
];
const cases = rooms.flatMap(([place, runsIn]) => runsIn.map((platform): [string, Platform] => [place, platform]));

test.for(cases)("[PLANT5] %s does not compile for %s with what is not there, and does with what all have", ([place, platform]) => {
  expect([...(refused.get(`${platform} ${place}`) ?? [])].sort()).toEqual(lacking[platform].toSorted());
});

test("[PLANT5] each is compiled for the places where it runs, and for no other", () => {
  expect([...refused.keys()].sort()).toEqual(cases.map(([place, platform]) => `${platform} ${place}`).sort());
});
