/**
 * Runs Wrangler quietly and offline: `npm run dev`, `npm run deploy:dry`. Before `dev` it brings the local D1 up to date and
 * settles an admin token, without which the Worker refuses to serve. A real deploy is `npx wrangler deploy`.
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
const [command = "dev", ...args] = process.argv.slice(2);
process.exitCode = command === "dev" ? await runDev() : await runWrangler([command, ...args]);

async function runDev(): Promise<number> {
  // CI answers its question whether to go on with yes.
  const migrated = spawnSync("wrangler", ["d1", "migrations", "apply", "DB", "--local"], { env: { ...env, CI: "1" }, encoding: "utf8" });
  if (migrated.status !== 0) {
    console.error(`${migrated.error?.message ?? migrated.stdout + migrated.stderr}`);
    return 1;
  }
  const { token } = settleAdminToken(".wrangler", process.env.NERVEFLARE_ADMIN_TOKEN);
  console.log(`admin token  ${token}`);
  return runWrangler(["dev", "--show-interactive-dev-session=false", "--var", `NERVEFLARE_ADMIN_TOKEN:${token}`, ...args]);
}

function runWrangler(words: string[]): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const wrangler = spawn("wrangler", words, { stdio: "inherit", env });
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => wrangler.kill(signal));
  wrangler.on("error", (error) => {
    console.error(`wrangler: ${error.message}; run this through npm, which finds the installed tools`);
    resolve(1);
  });
  wrangler.on("exit", (code) => resolve(code ?? 1));
  return promise;
}
