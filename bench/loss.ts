/**
 * `npm run bench:loss`: how long a role stays with an agent that vanishes. A real server process; an agent claims, gets its turn,
 * pings once more and is gone; another claims what is offered again. Prints the time from the last sign of life to the award, in
 * multiples of the window that the workflow asks for (every × miss + grace); asserts nothing.
 */
import { parseArgs } from "node:util";
import { WebSocket } from "ws";
import { subprotocol } from "../src/contract/channels.ts";
import type { CloudEvent, Json } from "../src/contract/event.ts";
import type { ServerFrame } from "../src/contract/frames/server-frames.ts";
import { pickQuantile } from "./pick-quantile.ts";
import { startServerProcess } from "./server-process.ts";

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "10" },
    every: { type: "string", default: "500" },
    miss: { type: "string", default: "2" },
    grace: { type: "string", default: "500" },
    json: { type: "boolean", default: false },
  },
});
const [runs = 0, every = 0, miss = 0, grace = 0] = [values.runs, values.every, values.miss, values.grace].map(Number);
if (![runs, every, miss, grace].every((number) => number > 0))
  throw new Error("--runs, --every, --miss and --grace take numbers above zero");

const workflow = `
name: relay
description: One writes, whoever that is.
binding: cloud
reflexes: [{ kind: workflow, on: [relay.started] }]
roles:
  writer:
    description: Writes.
    capabilities: [write]
    procedure: Write it.
    output: What was written.
    heartbeat: { every: ${every}ms, miss: ${miss} }
    offline: { grace: ${grace}ms, then: rerecruit }
    frontmatter: { type: object, properties: { $status: { const: written } }, required: [$status] }
graph:
  $START: { new: { role: writer, prompt: "Write." } }
  writer: { written: { role: $END, prompt: "Done." } }
`;

const server = await startServerProcess("nerveflare");
try {
  await call("PUT", "v1/workflows/relay", workflow, "application/yaml");
  const starter = await add("starter", []);
  const heir = await connect(await add("heir", ["write"]));
  const took: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    const doomed = await connect(await add(`doomed-${run}`, ["write"]));
    await post(starter, { id: `start-${run}`, type: "relay.started", data: {} });
    const { offer } = (await doomed.event("nerve.offer.opened")).data as { offer: string };
    doomed.send("nerve.offer.claim", { offer });
    await doomed.event("nerve.turn.assigned");
    doomed.socket.send("ping");
    const gone = performance.now();
    doomed.socket.terminate();
    const again = `${offer.slice(0, offer.lastIndexOf(":"))}:2`;
    await heir.event("nerve.offer.opened", (data) => (data as { offer: string }).offer === again);
    heir.send("nerve.offer.claim", { offer: again });
    const { turn, lease } = (await heir.event("nerve.turn.assigned")).data as { turn: string; lease: { generation: number } };
    took.push(performance.now() - gone);
    heir.send("nerve.turn.respond", { turn, lease: lease.generation, output: { $status: "written" } });
  }
  heir.socket.terminate();
  const window = every * miss + grace;
  const times = took.toSorted((a, b) => a - b);
  const [p50, worst] = [pickQuantile(times, 0.5), times.at(-1) ?? 0];
  if (values.json) console.log(JSON.stringify({ window, runs, p50, worst }));
  else
    console.log(
      `loss to re-award: p50 ${(p50 / window).toFixed(2)}, worst ${(worst / window).toFixed(2)} of the window of ${window} ms (${runs} runs)`,
    );
} finally {
  await server.stop();
}

async function call(method: string, path: string, body: string, type = "application/json", token = server.adminToken): Promise<Json> {
  const response = await fetch(`${server.url}/${path}`, {
    method,
    body,
    headers: { authorization: `Bearer ${token}`, "content-type": type },
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as Json;
}

async function add(id: string, capabilities: string[]): Promise<string> {
  return ((await call("POST", "v1/agents", JSON.stringify({ id, capabilities }))) as { token: string }).token;
}

async function post(token: string, event: { id: string; type: string; data: Json }): Promise<void> {
  await call("POST", "v1/events", JSON.stringify({ specversion: "1.0", ...event }), "application/cloudevents+json", token);
}

/** An agent's socket that keeps all it is given. */
async function connect(token: string) {
  const socket = new WebSocket(`${server.url.replace("http", "ws")}/v1/connect?channel=my,open`, [subprotocol, token]);
  const given: CloudEvent[] = [];
  let wake = (): void => {};
  let count = 0;
  const ping = setInterval(() => socket.send("ping"), every / 3);
  socket.on("close", () => clearInterval(ping));
  socket.on("message", (text) => {
    if (String(text) === "pong") return;
    const frame = JSON.parse(String(text)) as ServerFrame;
    if (frame.type !== "event") return;
    given.push(frame.event);
    socket.send(JSON.stringify({ type: "ack", seqs: [frame.seq] }));
    wake();
  });
  await new Promise<void>((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", reject);
  });
  return {
    socket,
    send(type: string, data: Json) {
      count += 1;
      socket.send(JSON.stringify({ type: "event", event: { specversion: "1.0", id: `e${count}`, type, data } }));
    },
    /** The first such event that was not taken before. */
    async event(type: string, fits: (data: Json) => boolean = () => true): Promise<CloudEvent> {
      for (;;) {
        const index = given.findIndex((event) => event.type === type && fits(event.data ?? null));
        if (index >= 0) return given.splice(index, 1)[0] as CloudEvent;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}
