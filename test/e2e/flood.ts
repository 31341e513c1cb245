/** A client that sends as much as it can, in a thread of its own: whoever measures the server's answers must not wait for it. */
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";

export type FloodKind = "events" | "sockets" | "acks" | "nonsense" | "claims" | "large" | "nested" | "batches" | "calls" | "wrong tokens";

interface FloodOrder {
  kind: FloodKind;
  url: string;
  token: string;
}

/** Answers and close codes, counted. */
export type FloodReport = Record<string, number>;

/** Runs a flood until it is over, 20 s at the most. */
export function flood(kind: FloodKind, url: string, token: string): Promise<FloodReport> {
  const worker = new Worker(import.meta.filename, { workerData: { kind, url, token } satisfies FloodOrder });
  return new Promise((resolve, reject) => {
    worker.once("message", (report: FloodReport) => {
      resolve(report);
      void worker.terminate();
    });
    worker.once("error", reject);
  });
}

const frames: Partial<Record<FloodKind, { count: number; make(index: number): unknown }>> = {
  events: { count: 5_000, make: (index) => ({ type: "event", event: { id: `e${index}`, type: "a.b", data: { index } } }) },
  sockets: { count: 2_000, make: (index) => ({ type: "event", event: { id: `s${index}`, type: "a.b" } }) },
  acks: { count: 5_000, make: () => ({ type: "ack", seqs: Array.from({ length: 1_000 }, (_, seq) => seq) }) },
  nonsense: { count: 5_000, make: () => "x" },
  claims: {
    count: 5_000,
    make: (index) => ({ type: "event", event: { id: `c${index}`, type: "nerve.offer.claim", data: { offer: `t${"a".repeat(25)}:1:1` } } }),
  },
  large: { count: 40, make: (index) => ({ type: "event", event: { id: `l${index}`, type: "a.b", data: "x".repeat(200_000) } }) },
  nested: { count: 12, make: (index) => ({ type: "event", event: { id: `n${index}`, type: "a.b", data: Array(60_000).fill([0]) } }) },
};

async function run({ kind, url, token }: FloodOrder): Promise<FloodReport> {
  const report: FloodReport = {};
  const count = (what: string | number): void => {
    report[what] = (report[what] ?? 0) + 1;
  };
  const authorization = `Bearer ${kind === "wrong tokens" ? `${token.slice(0, -6)}AAAAAA` : token}`;

  /** So many callers, each again as soon as it is answered. */
  async function call(callers: number, make: (index: number) => [path: string, init?: RequestInit]): Promise<void> {
    const end = performance.now() + 2_000;
    let index = 0;
    const caller = async (): Promise<void> => {
      while (performance.now() < end) {
        const [path, init] = make(index++);
        const response = await fetch(`${url}${path}`, { ...init, headers: { authorization, "content-type": "application/json" } });
        await response.arrayBuffer();
        count(response.status);
      }
    };
    await Promise.all(Array.from({ length: callers }, caller));
  }

  async function send(): Promise<void> {
    const flooding = frames[kind];
    if (!flooding) return;
    const socket = new WebSocket(`${url.replace("http", "ws")}/v1/connect`, ["nerveflare.v1", token]);
    await new Promise((resolve) => socket.addEventListener("open", resolve, { once: true }));
    let answered = 0;
    const over = new Promise<void>((resolve) => {
      socket.addEventListener("message", () => {
        answered += 1;
        count("answered");
        if (answered === flooding.count) resolve();
      });
      socket.addEventListener("close", ({ code }) => {
        count(`closed ${code}`);
        resolve();
      });
      setTimeout(resolve, 20_000);
    });
    for (let index = 0; index < flooding.count; index++) {
      const frame = flooding.make(index);
      socket.send(typeof frame === "string" ? frame : JSON.stringify(frame));
    }
    await over;
    socket.close();
  }

  if (kind === "calls" || kind === "wrong tokens") await call(100, () => ["/v1/me"]);
  else if (kind === "batches")
    await call(16, (index) => {
      const batch = Array.from({ length: 100 }, (_, each) => ({ id: `b${index}-${each}`, type: "a.b" }));
      return ["/v1/events", { method: "POST", body: JSON.stringify(batch) }];
    });
  else await Promise.all(Array.from({ length: kind === "sockets" ? 16 : 1 }, send));
  return report;
}

if (!isMainThread) parentPort?.postMessage(await run(workerData as FloodOrder));
