/**
 * `npm run dev`: `wrangler dev`, quiet and offline. It brings the local D1 up to date and settles an admin token first, without which
 * the Worker refuses to serve.
 */
import { spawn, spawnSync } from "node:child_process";
import { settleAdminToken } from "../src/local-server/admin-token.ts";

const env = {
  ...process.env,
  WRANGLER_SEND_METRICS: "false",
  WRANGLER_HIDE_BANNER: "true",
  // Else it fetches a sample of a request's `cf` object.
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
  // Both make `wrangler dev` several times slower.
  X_LOCAL_OBSERVABILITY: "false",
  X_LOCAL_EXPLORER: "false",
};
process.exitCode = await runDev(process.argv.slice(2));

async function runDev(args: string[]): Promise<number> {
  // CI answers its question whether to go on with yes.
  const migrated = spawnSync("wrangler", ["d1", "migrations", "apply", "DB", "--local"], { env: { ...env, CI: "1" }, encoding: "utf8" });
  if (migrated.status !== 0) {
    const { error, stdout, stderr } = migrated;
    console.error(error ? `wrangler: ${error.message}; run this through npm, which finds the installed tools` : stdout + stderr);
    return 1;
  }
  const { token, path } = settleAdminToken(".wrangler", process.env["NERVEFLARE_ADMIN_TOKEN"]);
  console.log(`The admin token is in ${path}.`);
  return runWrangler(["dev", "--show-interactive-dev-session=false", "--var", `NERVEFLARE_ADMIN_TOKEN:${token}`, ...args]);
}

function runWrangler(words: string[]): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const wrangler = spawn("wrangler", words, { stdio: "inherit", env });
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => wrangler.kill(signal));
  wrangler.on("error", ({ message }) => {
    console.error(`wrangler: ${message}`);
    resolve(1);
  });
  wrangler.on("exit", (code) => resolve(code ?? 1));
  return promise;
}
