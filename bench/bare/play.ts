/** The two agents of the bare ceiling: they answer at once and keep a number of workflows running. */
import { randomUUID } from "node:crypto";
import { WebSocket } from "ws";
import type { Play } from "../orders.ts";
import type { BareMessage, BareTurn } from "./messages.ts";

/** An answer of the size that the product's agents give. */
const output = { $status: "updated", note: "Renamed the flag and added the missing test." };

/** Starts playing; see {@link Play}. */
export const playBare: Play = async ({ url, concurrency }, recorder) => {
  const run = randomUUID().slice(0, 8);
  let started = 0;
  const sockets = await Promise.all(["author", "reviewer"].map((agent) => openSocket(`${url.replace("http", "ws")}/?agent=${agent}`)));

  function send(socket: WebSocket, message: BareMessage) {
    socket.send(JSON.stringify(message));
  }

  function startFlow(socket: WebSocket) {
    if (!recorder.mayStart()) return;
    started += 1;
    const flow = `${run}-${started}`;
    recorder.started(flow);
    send(socket, { type: "start", flow });
  }

  for (const socket of sockets) {
    socket.on("close", (code) => recorder.failed(`the hub closed a socket: ${code}`));
    socket.on("message", (text) => {
      const turn = JSON.parse(String(text)) as BareTurn;
      if (turn.type === "done") {
        recorder.ended(turn.flow);
        return startFlow(socket);
      }
      recorder.given(turn.flow);
      send(socket, { type: "answer", flow: turn.flow, turn: turn.turn, output });
    });
  }
  const author = sockets[0];
  return () => {
    if (author) for (let slot = 0; slot < concurrency; slot += 1) startFlow(author);
  };
};

function openSocket(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url);
  return new Promise((resolve, reject) => {
    socket.once("open", () => resolve(socket));
    socket.once("error", reject);
  });
}
