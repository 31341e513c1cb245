/** Draws in a thread beside: layout keeps a thread busy for seconds, and the language server has to answer meanwhile. */
import { fileURLToPath } from "node:url";
import { isMainThread, type MessagePort, parentPort, Worker, workerData } from "node:worker_threads";
import type { CompiledWorkflow } from "../../../compile/compile-workflow.ts";
import { type DrawOptions, drawWorkflowSvg, type SvgOptions } from "../../../compile/draw/index.ts";

/** How a thread knows that it is one: this file is both sides, so that a bundle needs no second one. */
const role = "nerveflare: draw pictures";

interface Order {
  compiled: CompiledWorkflow;
  options: DrawOptions & SvgOptions;
}

type Done = { svg: string } | { problem: string };

/**
 * Makes a `drawWorkflowSvg` that runs in a thread of its own; ask it for one picture at a time. The thread starts with the first and does not keep the process alive.
 * @param limits milliseconds for a picture; then its thread is ended, and the next picture starts another
 */
export function createDrawer(limits: {
  readonly pictureTime: number;
}): (compiled: CompiledWorkflow, options: DrawOptions & SvgOptions) => Promise<string> {
  let worker: Worker | undefined;
  return (compiled, options) => {
    const { pictureTime } = limits;
    // What a thread prints would stand between the messages of the language server.
    const thread = worker ?? new Worker(fileURLToPath(import.meta.url), { workerData: role, argv: [], stdout: true });
    worker = thread;
    thread.unref();
    return new Promise((resolve, reject) => {
      const answered = (done: Done): void => {
        leave();
        if ("svg" in done) resolve(done.svg);
        else reject(new Error(done.problem));
      };
      const failed = (problem: string): void => {
        leave();
        worker = undefined;
        void thread.terminate();
        reject(new Error(problem));
      };
      const onError = (error: unknown): void => failed(error instanceof Error ? error.message : String(error));
      const onExit = (): void => failed("The thread that draws ended.");
      const timer = setTimeout(() => failed(`The picture takes longer than ${pictureTime / 1000} s.`), pictureTime);
      const leave = (): void => {
        clearTimeout(timer);
        thread.off("message", answered).off("error", onError).off("exit", onExit);
      };
      thread.on("message", answered).on("error", onError).on("exit", onExit);
      thread.postMessage({ compiled, options } satisfies Order);
    });
  };
}

function serve(port: MessagePort): void {
  port.on("message", ({ compiled, options }: Order) => {
    drawWorkflowSvg(compiled, options).then(
      (svg) => port.postMessage({ svg } satisfies Done),
      (error: unknown) => port.postMessage({ problem: error instanceof Error ? error.message : String(error) } satisfies Done),
    );
  });
}

if (!isMainThread && workerData === role && parentPort) serve(parentPort);
