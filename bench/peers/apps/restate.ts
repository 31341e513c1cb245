/**
 * The review on Restate: a handler that makes an awakeable for each turn, hands it out in a journaled side effect and waits for the
 * answer, which the agent gives to Restate's own ingress. Runs Restate's server and the service, and says where both listen.
 */
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { type Context, serve, service } from "@restatedev/restate-sdk";
import { type FlowTurn, flowTurns, pickAgent } from "../../bare/messages.ts";
import { openAgentsHub } from "./agents-hub.ts";
import { findFreePort } from "./find-free-port.ts";

const [data, partitions] = process.argv.slice(2);
if (data === undefined) throw new Error("usage: restate.ts <data folder> [<partitions>]");

const hub = await openAgentsHub();

async function play(context: Context, { flow }: { flow: string }): Promise<void> {
  const give = (name: string, turn: FlowTurn): Promise<void> => context.run(name, () => hub.give(turn));
  for (let turn = 1; turn <= flowTurns; turn += 1) {
    const { id, promise } = context.awakeable<unknown>();
    await give(`turn ${turn}`, { type: "turn", flow, agent: pickAgent(turn), turn, reply: id });
    await promise;
  }
  await give("done", { type: "done", flow, agent: "author" });
}

const servicePort = await serve({ services: [service({ name: "review", handlers: { play } })], port: await findFreePort() });
const [fabric, admin, ingress] = await Promise.all([findFreePort(), findFreePort(), findFreePort()]);
const program = createRequire(import.meta.url).resolve(`@restatedev/restate-server-${process.platform}-${process.arch}/bin/restate-server`);
const server = spawn(program, ["--node-name", "bench", "--base-dir", join(data, "restate")], {
  stdio: ["ignore", "ignore", "inherit"],
  env: {
    ...process.env,
    RESTATE_BIND_PORT: String(fabric),
    RESTATE_ADMIN__BIND_PORT: String(admin),
    RESTATE_INGRESS__BIND_PORT: String(ingress),
    RESTATE_LOG_FILTER: "warn",
    RESTATE_DISABLE_TELEMETRY: "true",
    ...(partitions !== undefined && { RESTATE_DEFAULT_NUM_PARTITIONS: partitions }),
  },
});
server.once("exit", (code) => process.exit(code ?? 1));
process.once("SIGTERM", () => server.kill("SIGTERM"));

await register();
console.log(JSON.stringify({ event: "ready", url: hub.url, adminToken: "", ingress: `http://127.0.0.1:${ingress}` }));

/** Tells Restate where the service is, as soon as it listens to that. */
async function register(): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const response = await fetch(`http://127.0.0.1:${admin}/deployments`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ uri: `http://127.0.0.1:${servicePort}` }),
    }).catch((error: unknown) => error);
    if (response instanceof Response && response.ok) return;
    if (attempt === 300) throw new Error(`Restate took no deployment: ${response instanceof Response ? await response.text() : response}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
