/** Tells a workflow's object what was published, or that it was withdrawn. */
import type { CompiledWorkflow } from "../compile/compile-workflow.ts";
import type { AppPorts } from "./app-ports.ts";
import { problemError } from "./problem-error.ts";

/**
 * Its places may have changed: who waits need not wait for the next event. A queue that can't be reached hears of the revision by that
 * event, so that the workflow is published all the same. One that starts by itself may never have an event.
 * @throws ProblemError `unavailable` where its schedules could not be told
 */
export async function tellPublished(ports: AppPorts, name: string, { revision, ir }: CompiledWorkflow): Promise<void> {
  const scheduled = ir.reflexes.some((reflex) => reflex.kind === "workflow" && reflex.schedule !== undefined);
  try {
    await ports.workflow(name).published(revision, scheduled);
  } catch (error) {
    ports.log({ level: "warn", message: `${name} is published; its queue could not be told: ${String(error)}` });
    if (scheduled)
      throw problemError("unavailable", `${name} is published, but its schedules are not set yet. Publish it again.`, { retryAfter: 5 });
  }
}

/** A schedule that is due finds out by itself; one that is published again later begins anew only if this is heard. */
export async function tellWithdrawn(ports: AppPorts, name: string): Promise<void> {
  try {
    await ports.workflow(name).withdrawn();
  } catch (error) {
    ports.log({ level: "warn", message: `${name} is withdrawn; its queue could not be told: ${String(error)}` });
  }
}
