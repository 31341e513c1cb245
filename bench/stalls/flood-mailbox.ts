/** Floods one agent's mailbox from many senders, in a thread of its own: whoever measures must not wait for it. */
import { once } from "node:events";
import { parentPort, Worker, workerData } from "node:worker_threads";
import { WebSocket } from "ws";
import { subprotocol } from "../../src/contract/channels.ts";

interface FloodOrder {
  url: string;
  senders: string[];
  to: string;
}

/** Frames that each sender has under way: as many as the server takes before it refuses. */
const underWay = 200;

/** Floods until it is told to stop. Resolves when the first event was answered, to what stops it and says how many were taken. */
export async function floodMailbox(order: FloodOrder): Promise<() => Promise<number>> {
  const worker = new Worker(import.meta.filename, { workerData: order });
  await once(worker, "message");
  return async () => {
    const answer = once(worker, "message");
    worker.postMessage("stop");
    const [taken] = await answer;
    await worker.terminate();
    return Number(taken);
  };
}

function flood({ url, senders, to }: FloodOrder): void {
  let taken = 0;
  for (const token of senders) {
    const socket = new WebSocket(`${url.replace("http", "ws")}/v1/connect`, [subprotocol, token]);
    let count = 0;
    const send = (): void => {
      const event = { id: `f${++count}`, type: "team.news", to, data: { text: "x".repeat(200) } };
      socket.send(JSON.stringify({ type: "event", event }));
    };
    socket.on("open", () => {
      for (let index = 0; index < underWay; index += 1) send();
    });
    socket.on("message", (text) => {
      const { type } = JSON.parse(String(text)) as { type: string };
      if (type !== "accepted" && type !== "rejected") return;
      taken += 1;
      if (taken === 1) parentPort?.postMessage("begun");
      send();
    });
    socket.on("error", () => {});
  }
  parentPort?.once("message", () => parentPort?.postMessage(taken));
}

if (parentPort && workerData) flood(workerData as FloodOrder);
