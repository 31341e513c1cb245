/** What the compiler says of a workflow's file: it runs beside the page, and is loaded when a file is shown. */
import type { CheckAnswer, CheckRequest } from "./check-worker.ts";
import type { Finding } from "./source-lines.ts";

/** @throws where the compiler could not be loaded */
export function checkSource(text: string, signal: AbortSignal): Promise<Finding[]> {
  const worker = new Worker(new URL("./check-worker.ts", import.meta.url), { type: "module" });
  const { promise, resolve, reject } = Promise.withResolvers<Finding[]>();
  worker.addEventListener("message", ({ data }: MessageEvent<CheckAnswer>) => resolve(data.findings));
  worker.addEventListener("error", () => reject(new Error("The compiler could not be loaded.")));
  signal.addEventListener("abort", () => reject(new Error("Nobody looks any more.")));
  worker.postMessage({ text } satisfies CheckRequest);
  return promise.finally(() => worker.terminate());
}
