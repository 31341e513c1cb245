#!/usr/bin/env node
// Starts the CLI: TypeScript in a clone, what was built of it in an install. A Node that is too old for all of it hands over to a newer
// one that npm installed beside it (the package `node`); else it runs what it can, or says what to do. Plain JavaScript without
// top-level await, so that any Node that knows modules can say it.
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import module from "node:module";
import { fileURLToPath } from "node:url";

const isClone = existsSync(find("../src/cli/main.ts"));
const program = isClone ? "../src/cli/main.ts" : "../dist/src/cli/main.js";
// The first Node that runs anything of it, and the first that runs all of it: Node itself strips a clone's types, and the server and
// the simulation need node:sqlite.
const [least, whole] = isClone ? ["22.18", "22.18"] : ["20.12", "22.13"];

if (isAtLeast(process.versions.node, whole)) run();
else if (findNewerNode()) handOver(findNewerNode());
else if (isAtLeast(process.versions.node, least)) run();
else refuse();

function run() {
  // Compiled code is kept for the next start, which then takes 0.1 s less. Where the folder cannot be written, nothing is kept.
  if (module.enableCompileCache) module.enableCompileCache(find("../node_modules/.cache/nerveflare"));
  void import(program).then(({ runProgram }) => runProgram(process.argv.slice(2)));
}

/** The Node of npm's package `node` where one lies beside: in a clone's own packages, or in those among which this one is installed. */
function findNewerNode() {
  return ["../node_modules/", "../../"]
    .filter((packages) => isAtLeast(readVersion(find(`${packages}node/package.json`)), whole))
    .map((packages) => find(`${packages}.bin/node`))
    .find((path) => existsSync(path));
}

function handOver(node) {
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: "inherit" });
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) {
    // Ctrl-C reaches the child by itself; passed on as well, it would count as the second, impatient one.
    process.on(signal, () => (signal === "SIGINT" && process.stdin.isTTY) || child.kill(signal));
  }
  child.on("exit", (code) => {
    process.exitCode = code === null ? 1 : code;
  });
}

function refuse() {
  const command = isClone
    ? "Run `npm ci` in nerveflare's folder, which brings a newer one along,"
    : `Run \`npx -p node@24 -p nerveflare nerveflare ${process.argv.slice(2, 3).join("")}\`, which brings a newer one along,`;
  console.error(`error node_too_old: nerveflare needs Node ${least} or later, and this is ${process.version}.
  ${command} or install one (https://nodejs.org).`);
  process.exitCode = 1;
}

function readVersion(manifest) {
  return existsSync(manifest) ? JSON.parse(readFileSync(manifest, "utf8")).version : "0.0.0";
}

/** Whether a version is that one or later: of Node, of which only releases matter here. */
function isAtLeast(version, other) {
  const [a, b] = [version, other].map((text) => text.split(".").map(Number));
  const differs = b.findIndex((number, at) => number !== a[at]);
  return differs < 0 || a[differs] > b[differs];
}

function find(path) {
  return fileURLToPath(new URL(path, import.meta.url));
}
