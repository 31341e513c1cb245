/** Reads a thread as a task is made of it: from its own objects, or from the archive once those are gone. */
import type { ThreadView } from "../../../contract/views/thread.ts";
import type { AppPorts } from "../../app-ports.ts";
import { problemError, unwrap } from "../../problem-error.ts";
import { readArchive } from "../../thread-archive.ts";
import { a2aLimits } from "./limits.ts";
import type { TaskSource } from "./to-task.ts";

export type TaskPorts = Pick<AppPorts, "db" | "thread" | "agent" | "keepArchives">;

/** A thread's id as this server makes them: whatever cannot be one wakes no object. */
const threadId = /^t[a-z0-9]{25}$/;

/**
 * @param viewer null: an operator; an agent sees what it began or takes part in
 * @param history how many of the newest messages
 * @throws ProblemError `not_found`
 */
export async function readTask(
  ports: TaskPorts,
  id: string,
  viewer: string | null,
  history: number = a2aLimits.history,
): Promise<TaskSource> {
  if (!threadId.test(id)) throw problemError("not_found", `There is no task ${id.slice(0, 128)}.`);
  const root = ports.thread(id);
  const shown = await root.show(viewer);
  if (!shown.ok) {
    const archived = shown.problem.code === "not_found" ? await readArchive(ports, id, viewer) : undefined;
    if (archived) return { view: archived.view, messages: archived.messages.slice(-history) };
    if (shown.problem.code === "not_found") throw problemError("not_found", `There is no task ${id}, or it is not yours to see.`);
  }
  const view = unwrap(shown);
  const limit = Math.max(1, Math.min(history, a2aLimits.history));
  const [messages, presence] = await Promise.all([
    root.messages(viewer, { after: Math.max(0, view.round - limit - 1), limit: limit + 1 }),
    view.status === "running" && view.turn ? ports.agent(view.turn.agent).presence() : undefined,
  ]);
  return { view, messages: messages.ok ? messages.value.messages.slice(-limit) : [], presence };
}

/** A thread that was accepted and is not there yet. */
export function stillBegins(id: string, workflow: string, event: ThreadView["event"], at: string): TaskSource {
  return {
    view: {
      ...{ id, workflow, revision: "", status: "queued", createdAt: at, updatedAt: at, event },
      ...{ roles: {}, round: 0, children: [] },
    },
    messages: [],
  };
}
