/** Installs the peers' packages, which nothing else needs, where they are not there or not those of the lock file. */
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const folder = import.meta.dirname;

interface Lock {
  packages: { [path: string]: { version?: string; optional?: boolean } };
}

/** @throws with what npm said, where it can't */
export async function installPeers(note: (line: string) => void): Promise<void> {
  if (isInstalled()) return;
  const command = ["npm", "ci", "--prefix", folder, "--ignore-scripts"] as const;
  note(`installing Restate and DBOS into bench/peers/node_modules (some 240 MB): ${command.join(" ")}`);
  // Under `npm run -s` it would not say why it can't.
  const env = { ...process.env, npm_config_loglevel: "error" };
  const npm = spawn(command[0], command.slice(1), { env, stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  npm.stderr.on("data", (text) => {
    said = `${said}${text}`.slice(-4000);
  });
  await new Promise<void>((resolve, reject) => {
    npm.once("error", reject);
    npm.once("close", (code) => (code === 0 ? resolve() : reject(new Error(`npm could not install them:\n${said}`))));
  });
}

function isInstalled(): boolean {
  // What npm wrote about what it installed.
  const installed = join(folder, "node_modules", ".package-lock.json");
  if (!existsSync(installed)) return false;
  const [there, wanted] = [installed, join(folder, "package-lock.json")].map((path) => JSON.parse(readFileSync(path, "utf8")) as Lock);
  return Object.entries(wanted?.packages ?? {}).every(
    ([path, { version, optional }]) => path === "" || optional || there?.packages[path]?.version === version,
  );
}
