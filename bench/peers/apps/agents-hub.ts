/** The agents' WebSockets of an application in Node: gives them their turns, and hears what they say. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import type { FlowMessage, FlowTurn } from "../../bare/messages.ts";

/** The agents that are connected. */
export interface AgentsHub {
  /** Where agents connect. */
  url: string;
  /** Sends a turn to its agent. @throws where that agent has no socket */
  give(turn: FlowTurn): void;
  close(): void;
}

/** Listens on a free port. @param hear told what agents say; without it they have another way */
export async function openAgentsHub(hear?: (message: FlowMessage) => void): Promise<AgentsHub> {
  const sockets = new Map<string, WebSocket>();
  const server = createServer();
  new WebSocketServer({ server, perMessageDeflate: false }).on("connection", (socket, request) => {
    const agent = new URL(request.url ?? "", "http://127.0.0.1").searchParams.get("agent") ?? "";
    sockets.set(agent, socket);
    socket.on("message", (text) => hear?.(JSON.parse(String(text)) as FlowMessage));
    socket.on("close", () => sockets.delete(agent));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    give(turn) {
      const socket = sockets.get(turn.agent);
      if (!socket) throw new Error(`${turn.agent} is not connected`);
      socket.send(JSON.stringify(turn));
    },
    close() {
      for (const socket of sockets.values()) socket.terminate();
      server.close();
    },
  };
}
