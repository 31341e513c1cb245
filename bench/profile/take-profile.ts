/** A sampled CPU profile of the Worker's isolate, by Chrome's debugging protocol. */
import { WebSocket } from "ws";

/** A node of the call tree, as V8 gives it. */
export interface ProfileNode {
  id: number;
  callFrame: { functionName: string; url: string; lineNumber: number; columnNumber: number };
  hitCount?: number;
}

/** What V8 gives; times in microseconds. */
export interface CpuProfile {
  nodes: ProfileNode[];
  samples: number[];
  timeDeltas: number[];
}

/** Profiles while `work` runs. @param inspector where the runtime lists what can be debugged */
export async function takeProfile(inspector: URL, work: () => Promise<unknown>): Promise<CpuProfile> {
  const targets = (await (await fetch(`http://${inspector.host}/json`)).json()) as { id: string; webSocketDebuggerUrl: string }[];
  const target = targets.find(({ id, webSocketDebuggerUrl }) => `${id} ${webSocketDebuggerUrl}`.includes("nerveflare")) ?? targets[0];
  if (!target) throw new Error("the runtime lists nothing to debug");
  const socket = new WebSocket(target.webSocketDebuggerUrl, { maxPayload: 0 });
  await new Promise<void>((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", reject);
  });
  let calls = 0;
  function call(method: string, params: object = {}): Promise<{ profile?: CpuProfile }> {
    calls += 1;
    const id = calls;
    return new Promise((resolve, reject) => {
      const onMessage = (text: unknown): void => {
        const answer = JSON.parse(String(text)) as { id?: number; result?: object; error?: { message: string } };
        if (answer.id !== id) return;
        socket.off("message", onMessage);
        if (answer.error) reject(new Error(`${method}: ${answer.error.message}`));
        else resolve(answer.result ?? {});
      };
      socket.on("message", onMessage);
      socket.send(JSON.stringify({ id, method, params }));
    });
  }
  try {
    await call("Profiler.enable");
    await call("Profiler.setSamplingInterval", { interval: 200 });
    await call("Profiler.start");
    await work();
    const { profile } = await call("Profiler.stop");
    if (!profile) throw new Error("the runtime gave no profile");
    return profile;
  } finally {
    socket.close();
  }
}
