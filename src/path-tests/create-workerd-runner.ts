/** Runs paths in workerd: the command's own Worker, bundled and served by Miniflare, its objects ended between every two events. */
import { readFile } from "node:fs/promises";
import { convertV4MiniflareOptions, Miniflare, NoOpLog } from "miniflare";
import type { CompiledWorkflow } from "../compile/compile-workflow.ts";
import type { Path } from "../explore/paths/find-paths.ts";
import { findProgram, runsFromSource } from "../package-files.ts";
import { judgePath, listOrders } from "./judge-path.ts";
import type { PathAnswer, PathRequest } from "./path-host.ts";
import type { PathRun } from "./run-paths-in-node.ts";

/** A running workerd. */
export interface WorkerdRunner {
  run(path: Path, marked: CompiledWorkflow): Promise<PathRun & { lives: number }>;
  close(): Promise<void>;
}

/** Starts workerd. Nothing is kept on disk. */
export async function createWorkerdRunner(): Promise<WorkerdRunner> {
  const script = await readPathWorker();
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      name: "paths",
      modules: true,
      script,
      compatibilityDate: "2026-10-23",
      durableObjects: { PATH_OBJECT: { className: "PathObject", useSQLite: true } },
      host: "127.0.0.1",
      port: 0,
      cf: false,
      telemetry: { enabled: false },
      unsafeLocalExplorer: false,
      unsafeObservability: false,
      logRequests: false,
      log: new NoOpLog(),
      // Every eviction is an abort, which the runtime reports as an error.
      handleStructuredLogs: () => {},
    }),
  );
  await miniflare.ready;
  let count = 0;
  return {
    async run(path, marked) {
      count += 1;
      const request: PathRequest = { name: `path-${count}`, compiled: marked, orders: listOrders(path) };
      const response = await miniflare.dispatchFetch("http://paths/", { method: "POST", body: JSON.stringify(request) });
      if (!response.ok) throw new Error(`the Worker failed: ${await response.text()}`);
      const { reports, lives } = (await response.json()) as PathAnswer;
      return { failure: judgePath(path, reports), marks: reports.at(-1)?.marks ?? [], lives };
    },
    close: () => miniflare.dispose(),
  };
}

/** The Worker's code in one module: the package brings it bundled, a clone bundles it each time. */
async function readPathWorker(): Promise<string> {
  const program = findProgram("src/path-tests/path-worker.ts");
  if (!runsFromSource) return readFile(program, "utf8");
  const { bundlePathWorker } = await import("./bundle-path-worker.ts");
  return bundlePathWorker(program);
}
