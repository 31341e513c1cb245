/** Runs paths on the real host over node:sqlite: every event meets a host that knows nothing but the store. */
import type { CompiledWorkflow } from "../compile/compile-workflow.ts";
import { createNodeStorage } from "../durable/host/storage/node-storage.ts";
import type { Path } from "../explore/paths/find-paths.ts";
import { judgePath, listOrders, type PathFailure } from "./judge-path.ts";
import { createPathHost, type PathReport } from "./path-host.ts";

/** What became of one path. */
export interface PathRun {
  failure: PathFailure | undefined;
  marks: string[];
}

/** Runs one path. @param marked the workflow with the marked config in place of the machine's own */
export async function runPathInNode(path: Path, marked: CompiledWorkflow): Promise<PathRun> {
  const storage = createNodeStorage();
  try {
    const reports: PathReport[] = [];
    for (const order of listOrders(path)) reports.push(await createPathHost({ storage }, path.machine, marked).run(order));
    return { failure: judgePath(path, reports), marks: reports.at(-1)?.marks ?? [] };
  } finally {
    storage.close();
  }
}
