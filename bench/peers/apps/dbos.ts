/**
 * The review on DBOS with PostgreSQL: a workflow that hands out each turn in a step and receives the answer as a message, which the
 * application sends to it when the agent answers.
 */
import { DBOS } from "@dbos-inc/dbos-sdk";
import { type FlowMessage, type FlowTurn, flowTurns, pickAgent } from "../../bare/messages.ts";
import { openAgentsHub } from "./agents-hub.ts";
import { startPostgres } from "./postgres.ts";

const data = process.argv[2];
if (data === undefined) throw new Error("usage: dbos.ts <data folder>");

/** Longer than any run. */
const timeoutSeconds = 3600;

const postgres = await startPostgres(data).catch((error: Error) => {
  console.error(error.message);
  process.exit(1);
});
postgres.process.once("exit", (code) => process.exit(code ?? 1));
// A fast shutdown: connections are cut, what runs is rolled back.
process.once("SIGTERM", () => postgres.process.kill("SIGINT"));

const hub = await openAgentsHub((message) => void hear(message).catch(fail));

const play = DBOS.registerWorkflow(
  async (flow: string): Promise<void> => {
    const give = (name: string, turn: FlowTurn): Promise<void> => DBOS.runStep(async () => hub.give(turn), { name });
    for (let turn = 1; turn <= flowTurns; turn += 1) {
      await give(`turn ${turn}`, { type: "turn", flow, agent: pickAgent(turn), turn });
      await DBOS.recv(topicOf(turn), { timeoutSeconds });
    }
    await give("done", { type: "done", flow, agent: "author" });
  },
  { name: "review" },
);

async function hear(message: FlowMessage): Promise<void> {
  if (message.type === "start") await DBOS.startWorkflow(play, { workflowID: message.flow })(message.flow);
  else await DBOS.send(message.flow, message.output, topicOf(message.turn));
}

function topicOf(turn: number): string {
  return `turn ${turn}`;
}

function fail(error: unknown): never {
  console.error(error);
  process.exit(1);
}

DBOS.setConfig({ name: "nerveflare-bench", systemDatabaseUrl: postgres.url, logLevel: "error" });
await DBOS.launch();
console.log(JSON.stringify({ event: "ready", url: hub.url, adminToken: "" }));
