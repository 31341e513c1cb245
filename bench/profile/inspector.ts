/** The Worker's isolate as debuggers see it, by Chrome's debugging protocol. */
import { WebSocket } from "ws";

export interface Inspector {
  call<Answer>(method: string, params?: object): Promise<Answer>;
  close(): void;
}

/** @param inspector where the runtime lists what can be debugged */
export async function openInspector(inspector: URL): Promise<Inspector> {
  const targets = (await (await fetch(`http://${inspector.host}/json`)).json()) as { id: string; webSocketDebuggerUrl: string }[];
  const target = targets.find(({ id, webSocketDebuggerUrl }) => `${id} ${webSocketDebuggerUrl}`.includes("nerveflare")) ?? targets[0];
  if (!target) throw new Error("the runtime lists nothing to debug");
  const socket = new WebSocket(target.webSocketDebuggerUrl, { maxPayload: 0 });
  await new Promise<void>((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", reject);
  });
  const waiting = new Map<number, { method: string; resolve(result: never): void; reject(error: Error): void }>();
  let calls = 0;
  socket.on("message", (text) => {
    const { id, result, error } = JSON.parse(String(text)) as { id?: number; result?: object; error?: { message: string } };
    const call = waiting.get(id ?? -1);
    if (!call) return;
    waiting.delete(id ?? -1);
    if (error) call.reject(new Error(`${call.method}: ${error.message}`));
    else call.resolve((result ?? {}) as never);
  });
  socket.on("close", () => {
    for (const { method, reject } of waiting.values()) reject(new Error(`${method}: the runtime closed the connection`));
  });
  return {
    call(method, params = {}) {
      calls += 1;
      const id = calls;
      return new Promise((resolve, reject) => {
        waiting.set(id, { method, resolve, reject });
        socket.send(JSON.stringify({ id, method, params }));
      });
    },
    close: () => socket.close(),
  };
}
