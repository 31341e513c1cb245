/** Orders to a thread: an operator's word, and a reflex's signal by way of the queue. Knows rows and the actor host. */
import type { CloudEvent, Json } from "../../wire/event.ts";
import { type Result, refuse } from "../../wire/problem.ts";
import { markReceived } from "../host/rows.ts";
import type { Delivery, Envelope, ThreadView } from "../rpc.ts";
import { findTask, type RecruitmentPorts } from "./recruitment-ports.ts";
import type { ThreadStart } from "./start-thread.ts";
import { writeSupplement } from "./task-rows.ts";
import { readThread } from "./thread-rows.ts";

export interface ThreadControl {
  /** Takes `thread.signal` of the workflow's queue. */
  signal(envelope: Envelope): Promise<Delivery>;
  control(
    order: "cancel" | "suspend" | "resume",
    operator: string,
    body: { reason?: string; supplement?: Json },
  ): Promise<Result<ThreadView>>;
}

export function createThreadControl(
  ports: RecruitmentPorts,
  { endUnstarted }: Pick<ThreadStart, "endUnstarted">,
  show: (viewer: string | null) => Promise<Result<ThreadView>>,
): ThreadControl {
  const { name, host, storage } = ports;

  async function signal(envelope: Envelope): Promise<Delivery> {
    const { message } = envelope;
    const mark = (): void => markReceived(storage, envelope.from, envelope.id);
    const event = message.event as unknown as CloudEvent | null;
    if (message.signal === "resume" && readThread(storage)?.status === "suspended") await addSupplement(null);
    const answer = await host.send(
      name,
      { type: `thread.${String(message.signal)}`, reason: `${event?.type ?? "signal"} by ${event?.source ?? "its workflow"}` },
      { also: mark },
    );
    // One that the thread does not take now is known and without effect: it may have ended meanwhile.
    if (!answer.ok) host.committer.commit(mark);
    return { status: "stored" };
  }

  /** Stored before the resume that it came with, so that whoever gets a turn by it finds it. */
  async function addSupplement(supplement: Json): Promise<void> {
    const actor = await host.read(name);
    const task = actor && findTask(ports, actor);
    if (task) await task.supplement(supplement);
    // Before the task: its rows are here already if it will be.
    else if (ports.beside) host.committer.commit(() => writeSupplement(storage, supplement));
  }

  async function control(
    order: "cancel" | "suspend" | "resume",
    operator: string,
    { reason, supplement }: { reason?: string; supplement?: Json },
  ): Promise<Result<ThreadView>> {
    const thread = readThread(storage);
    if (!thread) return refuse("not_found", `There is no thread ${name}.`);
    const refused = refuse("not_allowed_now", `A thread that is ${thread.status} takes no ${order}.`);
    const why = reason ?? `${order} by ${operator}`;
    if (thread.status === "queued") {
      if (order !== "cancel") return refused;
      endUnstarted(thread, "cancelled", why, () => {});
      return show(null);
    }
    if (order === "resume") {
      if (thread.status !== "suspended") return refused;
      await addSupplement(supplement ?? null);
    }
    const answer = await host.send(name, { type: `thread.${order}`, reason: why });
    return answer.ok ? show(null) : refused;
  }

  return { signal, control };
}
