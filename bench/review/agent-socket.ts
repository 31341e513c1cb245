/** One agent's WebSocket, `nerveflare.v1`, with as little between as can be. */
import { WebSocket } from "ws";
import { subprotocol } from "../../src/contract/channels.ts";
import type { Json } from "../../src/contract/event.ts";
import type { AgentFrame } from "../../src/contract/frames/agent-frames.ts";
import type { InboxItem, ServerFrame } from "../../src/contract/frames/server-frames.ts";

/** An open connection. */
export interface AgentSocket {
  /** Posts an event and gives its id; that it is refused ends the run. */
  send(type: string, data: Json, causationid?: string): string;
  /** Posts an event and resolves when it is accepted. */
  post(type: string, data: Json): Promise<void>;
  close(): void;
}

/** What a connection needs. */
interface AgentSocketOptions {
  url: string;
  token: string;
  /** Called once for each event, however often it is given. */
  onItem(socket: AgentSocket, item: InboxItem): void;
  onFailure(why: string): void;
}

/** Acknowledgements may be lazy: a repeat is known by its id. */
const acknowledgeMs = 100;

/** Ids of given events that are remembered, so that a repeat is told. */
const rememberedIds = 100_000;

/** Connects to both channels and resolves when open. */
export async function openAgentSocket({ url, token, onItem, onFailure }: AgentSocketOptions): Promise<AgentSocket> {
  const socket = new WebSocket(`${url.replace("http", "ws")}/v1/connect?channel=my,open`, [subprotocol, token]);
  const accepted = new Map<string, () => void>();
  const seen = new Set<string>();
  let unacknowledged: number[] = [];
  let count = 0;

  function write(frame: AgentFrame) {
    socket.send(JSON.stringify(frame));
  }

  function send(type: string, data: Json, causationid?: string): string {
    count += 1;
    const id = `e${count}`;
    const event = { specversion: "1.0", id, type, data, ...(causationid !== undefined && { causationid }) };
    write({ type: "event", event });
    return id;
  }

  function acknowledge() {
    const seqs = unacknowledged;
    unacknowledged = [];
    for (let from = 0; from < seqs.length; from += 1000) write({ type: "ack", seqs: seqs.slice(from, from + 1000) });
  }

  const self: AgentSocket = {
    send,
    post: (type, data) => new Promise((resolve) => accepted.set(send(type, data), resolve)),
    close() {
      socket.removeAllListeners("close");
      socket.close();
    },
  };

  socket.on("message", (text) => {
    const frame = JSON.parse(String(text)) as ServerFrame;
    if (frame.type === "event") {
      unacknowledged.push(frame.seq);
      if (unacknowledged.length === 1) setTimeout(acknowledge, acknowledgeMs);
      const known = `${frame.event.source} ${frame.event.id}`;
      if (seen.has(known)) return;
      seen.add(known);
      if (seen.size > rememberedIds) for (const oldest of seen.keys().take(rememberedIds / 2)) seen.delete(oldest);
      onItem(self, frame);
    } else if (frame.type === "rejected") {
      onFailure(`${frame.id} was rejected: ${JSON.stringify(frame.error)}`);
    } else if (frame.type === "accepted") {
      accepted.get(frame.id)?.();
      accepted.delete(frame.id);
    }
  });
  socket.on("close", (code, reason) => onFailure(`the server closed a socket: ${code} ${reason}`));
  await new Promise<void>((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", reject);
  });
  return self;
}
