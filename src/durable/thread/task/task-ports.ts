/** What the parts of a task share: the actor host, the documents, the definition. */
import type { CompiledWorkflow } from "../../../compile/compile-workflow.ts";
import type { Clock, Storage } from "../../host/ports.ts";
import type { ThreadHost } from "../../protocol/typed-host.ts";
import type { ThreadServices } from "../thread-services.ts";
import type { TaskDocuments } from "./task-documents.ts";

export interface TaskPorts {
  /** The task actor's id. */
  name: string;
  host: ThreadHost;
  storage: Storage;
  documents: TaskDocuments;
  clock: Clock;
  definition(revision: string): Promise<CompiledWorkflow | undefined>;
  logCause: ThreadServices["logCause"];
}
