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
/** What is refused, by room. */
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
  const said = await Promise.all(platformNames.map(compile));
  for (const [, path = "", line, text] of said.join("\n").matchAll(/^(\S+)\((\d+),\d+\): error (.*)$/gm)) {
    const what = lines[Number(line) - 1] ?? "";
    const name = [...ofNode, ...ofWorkers, ...ofBrowsers].find((each) => what.includes(each));
    const place = path.replace(/\/planted\.ts$/, "");
    refused.set(place, (refused.get(place) ?? new Set()).add(name ?? `${line}: ${text}`));
  }
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

const rooms: [place: string, lacks: string[]][] = [
  ...["src/client", "src/contract", "machines", "src/compile/lower"].map((place): [string, string[]] => [
    place,
    [...ofNode, ...ofWorkers, ...ofBrowsers],
  ]),
  ["src/durable/host", [...ofNode, ...ofWorkers, ...ofBrowsers]],
  ["src/worker", [...ofNode, ...ofBrowsers]],
  ["src/durable/thread", [...ofNode, ...ofBrowsers]],
  ["src/cli/lib", [...ofWorkers, ...ofBrowsers]],
];

test.for(rooms)("[PLANT5] %s does not compile with %j, and does with what all have", ([place, lacks]) => {
  expect([...(refused.get(place) ?? [])].sort()).toEqual(lacks.toSorted());
});

test("[PLANT5] nothing else is refused", () => {
  expect([...refused.keys()].sort()).toEqual(places.toSorted());
});
