#!/usr/bin/env node
// Starts the CLI, which is TypeScript that Node itself strips of its types. An older Node hands over to the newer one that
// npm installed beside it (the package `node`), or says what is wrong. Plain JavaScript of 2020, so that any Node can say it.
import { spawn } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
import module from "node:module";
import { fileURLToPath } from "node:url";

if (process.features.typescript) {
  // Compiled code is kept for the next start, which then takes 0.1 s less. Where the folder cannot be written, nothing is kept.
  module.enableCompileCache?.(fileURLToPath(new URL("../node_modules/.cache/nerveflare", import.meta.url)));
  const { runCli } = await import("../src/cli/main.ts");
  process.exitCode = await runCli(process.argv.slice(2));
} else {
  handOver();
}

function handOver() {
  const places = ["../node_modules/.bin/node", "../../.bin/node"].map((place) => fileURLToPath(new URL(place, import.meta.url)));
  const node = places.find((place) => existsSync(place));
  // The one beside may be this very one; handing over to it would never end.
  if (!node || realpathSync(node) === realpathSync(process.execPath)) {
    console.error(`error nerveflare needs Node 22.18 or later; this is ${process.version}.
  Install a newer Node (https://nodejs.org), or run \`npm install\` in nerveflare's folder, which brings one along.`);
    process.exitCode = 1;
    return;
  }
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: "inherit" });
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) {
    // Ctrl-C reaches the child by itself; passed on as well, it would count as the second, impatient one.
    process.on(signal, () => (signal === "SIGINT" && process.stdin.isTTY) || child.kill(signal));
  }
  child.on("exit", (code) => {
    process.exitCode = code ?? 1;
  });
}
