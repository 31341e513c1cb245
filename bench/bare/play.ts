/** Two agents of a plain engine, the bare ceiling or a peer: they answer at once and keep a number of workflows running. */
import { randomUUID } from "node:crypto";
import { WebSocket } from "ws";
import type { Play, Task } from "../orders.ts";
import type { Recorder } from "../recorder.ts";
import type { FlowMessage, FlowTurn } from "./messages.ts";

/** How what an agent says reaches the engine: by the socket over which it gets its turns, or past it. `given` is the turn that it answers. */
export type Say = (socket: WebSocket, message: FlowMessage, given?: FlowTurn) => void;

/** An answer of the size that the product's agents give. */
const output = { $status: "updated", note: "Renamed the flag and added the missing test." };

const saySocket: Say = (socket, message) => socket.send(JSON.stringify(message));

/** Starts playing; see {@link Play}. */
export const playBare: Play = (task, recorder) => playFlows(task, recorder, saySocket);

/** The same with another way for starts and answers. */
export async function playFlows({ url, concurrency }: Task, recorder: Recorder, say: Say = saySocket): Promise<() => void> {
  const run = randomUUID().slice(0, 8);
  let started = 0;
  const sockets = await Promise.all(["author", "reviewer"].map((agent) => openSocket(`${url.replace("http", "ws")}/?agent=${agent}`)));

  function startFlow(socket: WebSocket) {
    if (!recorder.mayStart()) return;
    started += 1;
    const flow = `${run}-${started}`;
    recorder.started(flow);
    say(socket, { type: "start", flow });
  }

  for (const socket of sockets) {
    socket.on("close", (code) => recorder.failed(`the engine closed a socket: ${code}`));
    socket.on("message", (text) => {
      const given = JSON.parse(String(text)) as FlowTurn;
      if (given.type === "done") {
        recorder.ended(given.flow);
        return startFlow(socket);
      }
      recorder.given(given.flow);
      say(socket, { type: "answer", flow: given.flow, turn: given.turn, output }, given);
    });
  }
  const author = sockets[0];
  return () => {
    if (author) for (let slot = 0; slot < concurrency; slot += 1) startFlow(author);
  };
}

function openSocket(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url);
  return new Promise((resolve, reject) => {
    socket.once("open", () => resolve(socket));
    socket.once("error", reject);
  });
}
