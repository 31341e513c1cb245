/** Orders to a thread: an operator's word, and a reflex's signal by way of the queue. Knows rows and the actor host. */
import { recruitmentContext } from "../../../../machines/recruitment/context.ts";
import type { Json } from "../../../contract/event.ts";
import { type Result, refuse } from "../../../contract/problem.ts";
import type { ThreadView } from "../../../contract/views/thread.ts";
import type { Delivery, Envelope } from "../../protocol/envelope.ts";
import type { ControlBody, QueueMessage } from "../../protocol/recruitment.ts";
import { trust } from "../../protocol/trust.ts";
import { findTaskAddress, type RecruitmentPorts } from "../recruitment/recruitment-ports.ts";
import type { BeginAgain } from "./begin-again.ts";
import { findNextEpoch } from "./epochs.ts";
import type { ThreadStart } from "./start-thread.ts";
import { changeThread, isEnded, readThread } from "./thread-rows.ts";

export interface ThreadControl {
  /** Takes `thread.signal` of the workflow's queue. */
  signal(message: QueueMessage<"thread.signal">, envelope: Envelope): Promise<Delivery>;
  control(
    order: "cancel" | "suspend" | "resume",
    operator: string,
    body: ControlBody,
    /** Written in the transaction of the consequence. */
    remember: () => void,
  ): Promise<Result<ThreadView>>;
}

export function createThreadControl(
  ports: RecruitmentPorts,
  { endUnstarted }: Pick<ThreadStart, "endUnstarted">,
  again: Pick<BeginAgain, "resume">,
  show: (viewer: string | null) => Promise<Result<ThreadView>>,
): ThreadControl {
  const { name, host, lifecycle } = ports;

  async function signal(message: QueueMessage<"thread.signal">, envelope: Envelope): Promise<Delivery> {
    const mark = (): void => host.committer.inbox.mark(envelope);
    const { event } = message;
    const reason = message.reason ?? `${event?.type ?? "signal"} by ${event?.source ?? "its workflow"}`;
    const thread = readThread(lifecycle);
    if (message.signal === "resume" && thread && isEnded(thread.status) && thread.status !== "dropped") {
      const resumed = await again.resume(thread, reason, event?.data ?? null, mark);
      if (!resumed.ok) host.committer.commit(mark);
      return { status: "stored" };
    }
    if (message.signal === "cancel" && thread?.status === "queued") {
      endUnstarted(thread, "cancelled", reason, mark, await listHolders());
      return { status: "stored" };
    }
    const adds = message.signal === "resume" && thread?.status === "suspended" ? await prepareSupplement(event?.data ?? null) : undefined;
    const answer = await host.send(name, { type: `thread.${message.signal}`, reason }, { ...(adds && { before: adds }), also: mark });
    // Ignore an order that the thread does not take now: it may have ended meanwhile.
    if (!answer.ok) host.committer.commit(mark);
    return { status: "stored" };
  }

  /** Who is kept for the epoch that waits for a place. */
  async function listHolders(): Promise<string[]> {
    if (!findNextEpoch(lifecycle)) return [];
    const actor = await host.peek(name);
    const seats = actor ? trust(recruitmentContext, actor.context).seats : {};
    return Object.values(seats).flatMap(({ agent }) => (agent === null ? [] : [agent]));
  }

  /**
   * What a resume adds is there before it: with whoever gets a turn by it, or where the task has not begun, in what it begins with.
   * @returns the writes, first in the transaction of the resume
   */
  async function prepareSupplement(supplement: Json): Promise<() => void> {
    const actor = await host.read(name);
    const task = actor && findTaskAddress(lifecycle, actor);
    if (task !== undefined) return () => host.committer.outbox.append([task], { type: "thread.supplement", supplement });
    return () => {
      const row = readThread(lifecycle);
      if (row) changeThread(lifecycle, { ...row, supplement: { added: supplement } });
    };
  }

  async function control(
    order: "cancel" | "suspend" | "resume",
    operator: string,
    { reason, supplement }: ControlBody,
    remember: () => void,
  ): Promise<Result<ThreadView>> {
    const thread = readThread(lifecycle);
    if (!thread) return refuse("not_found", `There is no thread ${name}.`);
    const refused = refuse("not_allowed_now", `A thread that is ${thread.status} takes no ${order}.`);
    const why = reason ?? `${order} by ${operator}`;
    if (thread.status === "queued") {
      if (order !== "cancel") return refused;
      endUnstarted(thread, "cancelled", why, remember, await listHolders());
      return show(null);
    }
    if (order === "resume" && isEnded(thread.status) && thread.status !== "dropped") {
      const resumed = await again.resume(thread, why, supplement ?? null, remember);
      return resumed.ok ? show(null) : resumed;
    }
    if (order === "resume" && thread.status !== "suspended") return refused;
    const adds = order === "resume" ? await prepareSupplement(supplement ?? null) : undefined;
    const answer = await host.send(name, { type: `thread.${order}`, reason: why }, { ...(adds && { before: adds }), also: remember });
    return answer.ok ? show(null) : refused;
  }

  return { signal, control };
}
