/** What the parts of a thread's children share. */
import type { CompiledWorkflow } from "../../../compile/compile-workflow.ts";
import type { CloudEvent } from "../../../contract/event.ts";
import type { Clock, Storage } from "../../host/ports.ts";
import type { ThreadHost } from "../../protocol/typed-host.ts";
import type { Registry } from "../../registry/registry.ts";
import type { TaskDocuments } from "../task/task-documents.ts";

export interface ChildrenPorts {
  host: ThreadHost;
  storage: Storage;
  documents: TaskDocuments;
  clock: Clock;
  registry: Registry;
  definition(revision: string): Promise<CompiledWorkflow | undefined>;
  /** The event in the thread's trace. */
  stamp(event: CloudEvent): CloudEvent;
  log(event: CloudEvent, thread: string): void;
}
