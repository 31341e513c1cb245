/** A thousand agents over raw WebSockets: registered, connected, each acknowledging what it is given. Knows the wire, not what is measured. */
import { WebSocket } from "ws";
import { subprotocol } from "../../src/contract/channels.ts";
import type { CloudEvent, Json } from "../../src/contract/event.ts";
import type { ServerFrame } from "../../src/contract/frames/server-frames.ts";
import type { ServerProcess } from "../server-process.ts";

/** Where it is, and who may do everything there. */
type Called = Pick<ServerProcess, "url" | "adminToken">;

/** Registrations and handshakes under way at once: more only wait in the server's one thread. */
const atOnce = 32;

/** The connected agents. */
export interface Fleet {
  size: number;
  /** Resolves with the milliseconds until `count` agents have been given an event that fits; call it before the event is sent. */
  arrival(count: number, fits: (event: CloudEvent) => boolean): Promise<number>;
  /** The same for answers: the time at which the server has accepted the last of `count` answers to turns. */
  answers(count: number): Promise<number>;
  /** All lose their sockets; once `between` is done all connect at once. Resolves with the milliseconds until the last is connected. */
  reconnect(between: () => Promise<unknown>): Promise<number>;
  close(): void;
}

/** Registers the agents, each with a capability for every group of the first so many that it is in. */
export async function registerAgents(
  server: Called,
  { size, groups, note }: { size: number; groups: { [capability: string]: number }; note(done: number): void },
): Promise<string[]> {
  const tokens: string[] = [];
  let done = 0;
  await runAll(size, async (index) => {
    const capabilities = Object.keys(groups).filter((name) => index < (groups[name] ?? 0));
    tokens[index] = (await call<{ token: string }>(server, "v1/agents", { id: nameAgent(index), capabilities })).token;
    note(++done);
  });
  return tokens;
}

/** The id of an agent of the fleet. */
export function nameAgent(index: number): string {
  return `edge-${String(index).padStart(4, "0")}`;
}

/** A call of the server's API that must succeed. */
export async function call<Answer>(server: Called, path: string, body?: Json | string, token = server.adminToken): Promise<Answer> {
  const response = await fetch(`${server.url}/${path}`, {
    method: typeof body === "string" ? "PUT" : body === undefined ? "GET" : "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": typeof body === "string" ? "application/yaml" : "application/json" },
    ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as Answer;
}

/** Connects them; every offer is claimed and every turn answered at once. */
export async function connectFleet(server: Called, tokens: string[], note: (done: number) => void): Promise<Fleet> {
  const sockets: (WebSocket | undefined)[] = [];
  const waiting = new Set<{ left: number; fits(agent: number, frame: ServerFrame): boolean; done(): void }>();
  let done = 0;
  let fail: (error: Error) => void = () => {};
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  failed.catch(() => {});

  function hear(agent: number, frame: ServerFrame): void {
    for (const wait of waiting) {
      if (!wait.fits(agent, frame)) continue;
      wait.left -= 1;
      if (wait.left === 0) {
        waiting.delete(wait);
        wait.done();
      }
    }
  }

  async function connect(index: number): Promise<void> {
    const socket = new WebSocket(`${server.url.replace("http", "ws")}/v1/connect`, [subprotocol, tokens[index] ?? ""]);
    sockets[index] = socket;
    socket.on("message", (text) => {
      const frame = JSON.parse(String(text)) as ServerFrame;
      // Another was first: which is how most claims of one role end.
      if (frame.type === "rejected" && frame.error.code === "offer_closed") return;
      if (frame.type === "rejected") return fail(new Error(`an answer was refused: ${frame.error.code} ${frame.error.detail}`));
      if (frame.type === "event") {
        socket.send(JSON.stringify({ type: "ack", seqs: [frame.seq] }));
        if (frame.event.type === "nerve.turn.assigned") respond(socket, frame.event);
        if (frame.event.type === "nerve.offer.opened") claim(socket, frame.event);
      }
      hear(index, frame);
    });
    await new Promise<void>((resolve, reject) => {
      socket.once("open", resolve);
      socket.once("error", reject);
    });
    socket.on("error", fail);
    socket.on("close", (code) => {
      if (sockets[index] === socket) fail(new Error(`the server closed the connection of ${nameAgent(index)} with ${code}`));
    });
  }

  function closeAll(): void {
    for (const socket of sockets.splice(0)) socket?.terminate();
  }

  await runAll(tokens.length, async (index) => {
    await connect(index);
    note(++done);
  });

  /** Each agent is counted once. */
  function waitFor(count: number, fits: (frame: ServerFrame) => boolean): Promise<number> {
    const began = performance.now();
    const seen = new Set<number>();
    const all = new Promise<number>((resolve) => {
      waiting.add({
        left: count,
        fits(agent, frame) {
          if (seen.has(agent) || !fits(frame)) return false;
          seen.add(agent);
          return true;
        },
        done: () => resolve(performance.now() - began),
      });
    });
    return Promise.race([all, failed]);
  }

  return {
    size: tokens.length,
    arrival: (count, fits) => waitFor(count, (frame) => frame.type === "event" && fits(frame.event)),
    answers: (count) => waitFor(count, (frame) => frame.type === "accepted" && frame.id.startsWith("r-")),
    async reconnect(between) {
      closeAll();
      await between();
      const began = performance.now();
      await Promise.race([Promise.all(tokens.map((_, index) => connect(index))), failed]);
      return performance.now() - began;
    },
    close: closeAll,
  };
}

function respond(socket: WebSocket, event: CloudEvent): void {
  const { turn, lease } = event.data as { turn: string; lease: { generation: number } };
  const data = { turn, lease: lease.generation, output: { ok: true } };
  socket.send(JSON.stringify({ type: "event", event: { specversion: "1.0", id: `r-${turn}`, type: "nerve.turn.respond", data } }));
}

function claim(socket: WebSocket, event: CloudEvent): void {
  const { offer } = event.data as { offer: string };
  socket.send(
    JSON.stringify({ type: "event", event: { specversion: "1.0", id: `c-${offer}`, type: "nerve.offer.claim", data: { offer } } }),
  );
}

async function runAll(count: number, run: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) await run(index);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, work));
}
