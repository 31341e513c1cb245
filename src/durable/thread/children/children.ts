/**
 * The threads that a task's edges spawn: started by way of their workflow's queue, waited for, and cancelled with their parent.
 * Everything here is a message that is taken once. Knows rows, the registry and the task's actor, not the platform.
 */
import type { CompiledWorkflow } from "../../../compile/compile-workflow.ts";
import type { CloudEvent, Json } from "../../../contract/event.ts";
import { checkSchema, describeMisfits } from "../../../contract/json-schema/check-schema.ts";
import { findNearestName } from "../../../contract/nearest-name.ts";
import type { OutcomeStatus } from "../../../contract/statuses.ts";
import type { ActorHost } from "../../host/actor-host.ts";
import type { Clock, Storage } from "../../host/ports.ts";
import { isRepeat, markReceived } from "../../host/rows.ts";
import type { Delivery, Envelope } from "../../protocol/envelope.ts";
import type { OwnMessage } from "../../protocol/own-places.ts";
import type { TaskMessage } from "../../protocol/task.ts";
import type { Registry } from "../../registry/registry.ts";
import { readDepth } from "../../routing/chain-depth.ts";
import { routingLimits } from "../../routing/routing-limits.ts";
import { readEpoch } from "../lifecycle/epochs.ts";
import { makeThreadId } from "../lifecycle/thread-id.ts";
import { readParent, readThread } from "../lifecycle/thread-rows.ts";
import { makeThreadEvent } from "../log/make-event.ts";
import { findModerator } from "../task/task-logic.ts";
import type { TaskPort } from "../task/task-port.ts";
import type { DecisionRow } from "../task/task-rows.ts";
import { readTaskStart } from "../task/task-start.ts";
import { readTaskView } from "../task/task-view.ts";
import { type ChildRow, changeChild, findChild, keepOutput, readChildren, readUnended } from "./child-rows.ts";

export interface ChildrenPorts {
  host: ActorHost;
  storage: Storage;
  clock: Clock;
  registry: Registry;
  definition(revision: string): Promise<CompiledWorkflow | undefined>;
  /** The event in the thread's trace. */
  stamp(event: CloudEvent): CloudEvent;
  log(event: CloudEvent, thread: string): void;
  /** The thread's own task, for what its root does not keep. */
  ownTask(): Promise<TaskPort | undefined>;
}

export interface Children {
  /** An own message: an edge starts a child. @param mark written with what follows */
  spawn(message: OwnMessage<"spawn">, mark: () => void): Promise<void>;
  /** An own message of a child's root: it has ended. @returns the writes of its commit */
  report(): Promise<() => void>;
  /** A child has ended. */
  noteEnd(message: TaskMessage<"child.ended">, envelope: Envelope): Promise<Delivery>;
  /** The thread has ended, and with it the children that it waited for. */
  endAll(message: TaskMessage<"children.end">, envelope: Envelope): Promise<Delivery>;
}

export function createChildren({ host, storage, clock, registry, definition, stamp, log, ownTask }: ChildrenPorts): Children {
  /** One end at a time: the last of them writes the prompt that sees them all. */
  let joining: Promise<unknown> = Promise.resolve();

  async function spawn(message: OwnMessage<"spawn">, mark: () => void): Promise<void> {
    const { task, round, place } = message;
    const event = stamp(message.event);
    const child = findChild(storage, round, place);
    if (child?.status === "refused" && !child.told) return tellTask(task, child, "failed", mark);
    // Its parent has ended meanwhile.
    if (child?.status !== "starting") return void host.committer.commit(mark);
    const start = readTaskStart({ storage });
    const found = await findWorkflow(child.workflow, event);
    if ("refused" in found) {
      const refused: ChildRow = { ...child, status: "refused", error: found.refused };
      const told = makeThreadEvent(start.thread, `${event.id}.refused`, "nerve.spawn.refused", event.causationid ?? event.id, clock.now(), {
        workflow: child.workflow,
        reason: found.refused,
      });
      console.warn(JSON.stringify({ at: "spawn", thread: start.thread, workflow: child.workflow, reason: found.refused }));
      host.committer.commit(() => {
        changeChild(storage, refused);
        log(told, start.thread);
      });
      return tellTask(task, refused, "failed", mark);
    }
    const thread = await makeThreadId(event.source, event.id, child.workflow, place);
    host.committer.commit(() => {
      mark();
      changeChild(storage, { ...child, thread, status: "live" });
      log(event, start.thread);
      host.committer.outbox.append([`workflow/${child.workflow}`], {
        type: "admit",
        thread,
        workflow: child.workflow,
        revision: found.revision,
        event,
        initiator: start.initiator,
        key: null,
        parent: { thread: start.thread, task: `task/${task}`, round, place },
        // Its parent has a place already and waits: two workflows that wait for each other's places would wait for ever.
        ...(child.awaited && { needsPlace: false }),
      });
    });
  }

  async function findWorkflow(workflow: string, event: CloudEvent): Promise<{ revision: string } | { refused: string }> {
    if (readDepth(event) > routingLimits.chainDepth)
      return { refused: `the chain of threads and reflexes is ${routingLimits.chainDepth} deep and ends here` };
    const published = await registry.reflexes();
    const found = published.find((each) => each.workflow === workflow);
    if (!found) {
      const nearest = findNearestName(
        workflow,
        published.map((each) => each.workflow),
      );
      return { refused: `no workflow ${workflow} is published${nearest === undefined ? "" : `; did you mean ${nearest}?`}` };
    }
    const misfits = found.input === null ? [] : checkSchema(found.input, event.data ?? null);
    if (!misfits.length) return { revision: found.revision };
    const said = describeMisfits(misfits, "data");
    return { refused: `what is spawned does not fit the input of ${workflow}: ${said}`.slice(0, routingLimits.detail) };
  }

  /** Tells the machine of a child that it waits for. The row is written before it: what is decided then sees it. */
  async function tellTask(task: string, child: ChildRow, status: OutcomeStatus, mark: () => void): Promise<void> {
    const write = (): void => {
      mark();
      changeChild(storage, { ...child, told: 1 });
    };
    if (!child.awaited) return void host.committer.commit(write);
    const joined = await writeJoined(task, child);
    const event = joined.ok
      ? { type: "child.ended", round: child.round, status }
      : { type: "thread.fail", reason: joined.reason.slice(0, 500) };
    const answer = await host.send(task, event, {
      before: () => {
        write();
        if (joined.ok) joined.write();
      },
    });
    if (!answer.ok) host.committer.commit(write);
  }

  /** What the waiting turn is told was written before its children had ended: with the last of them it is written anew. */
  async function writeJoined(task: string, child: ChildRow): Promise<{ ok: true; write(): void } | { ok: false; reason: string }> {
    const nothing = { ok: true as const, write: () => {} };
    const children = readChildren(storage, child.round).map((each) => (each.place === child.place ? child : each));
    if (children.some(({ awaited, status }) => awaited && status !== "completed")) return nothing;
    const decision = storage.exec<DecisionRow>("SELECT * FROM decision WHERE round = ?", child.round)[0];
    const actor = await host.peek(task);
    const compiled = typeof actor?.definition === "string" ? await definition(actor.definition) : undefined;
    if (!decision || !compiled) return nothing;
    const view = readTaskView(storage, readTaskStart({ storage }), [], children);
    const rendered = await findModerator(compiled).renderPrompt(decision.node, decision.edge, view);
    if (!rendered.ok) return { ok: false, reason: `${rendered.error.code}: ${rendered.error.message}` };
    if (rendered.prompt === null) return nothing;
    return { ok: true, write: () => void storage.exec("UPDATE decision SET prompt = ? WHERE round = ?", rendered.prompt, child.round) };
  }

  async function report(): Promise<() => void> {
    const thread = readThread(storage);
    const parent = thread && readParent(thread);
    if (!thread || !parent) return () => {};
    const outcome = thread.outcome === null ? null : (JSON.parse(thread.outcome) as { output: Json });
    const output = outcome?.output ?? (thread.status === "completed" ? (await (await ownTask())?.peek())?.last?.output : undefined) ?? null;
    const end: TaskMessage<"child.ended"> = {
      type: "child.ended",
      thread: thread.id,
      round: parent.round,
      place: parent.place,
      status: thread.status as TaskMessage<"child.ended">["status"],
      output: JSON.parse(keepOutput(output)) as Json,
      error: thread.status === "completed" ? null : thread.reason,
    };
    return () => host.committer.outbox.append([parent.task], end);
  }

  async function noteEnd(message: TaskMessage<"child.ended">, { from, id, to }: Envelope): Promise<void> {
    const { thread, round, place, status, output, error } = message;
    const mark = (): void => markReceived(storage, from, id);
    const child = findChild(storage, round, place);
    if (child?.thread !== thread || child.told) return void host.committer.commit(mark);
    const ended: ChildRow = { ...child, status, output: JSON.stringify(output), error };
    host.committer.commit(() => changeChild(storage, ended));
    await tellTask(to.slice("task/".length), ended, status === "dropped" ? "failed" : status, mark);
  }

  /** The thread has ended: who was spawned by it ends too, but for those that a completed one did not wait for. */
  function endAll(message: TaskMessage<"children.end">, { from, id, to }: Envelope): void {
    const leaves = message.status === "completed";
    const { again } = readTaskStart({ storage });
    // It may come when the thread has begun anew: what has been started since is not meant.
    const last = again && again.epoch > readEpoch(to.slice("task/".length)) ? again.round : Number.MAX_SAFE_INTEGER;
    const ended = readUnended(storage).filter(({ awaited, round }) => round <= last && (!leaves || (awaited && !endsThread(round))));
    host.committer.commit(() => {
      markReceived(storage, from, id);
      for (const child of ended) {
        changeChild(storage, { ...child, status: "cancelled", error: "its parent has ended", told: 1 });
        // By way of the queue, behind what starts it.
        if (child.thread !== null)
          host.committer.outbox.append([`workflow/${child.workflow}`], {
            type: "signal",
            signal: "cancel",
            thread: child.thread,
            event: message.event ?? null,
          });
      }
    });
  }

  /** Whether the edge taken at the round led to the end: then nobody waited for its children. */
  function endsThread(round: number): boolean {
    return storage.exec<{ target: string }>("SELECT target FROM decision WHERE round = ?", round)[0]?.target === "$END";
  }

  async function takeInTurn({ from, id }: Envelope, take: () => Promise<void>): Promise<Delivery> {
    const taken = joining.then(() => (isRepeat(storage, from, id) ? undefined : take()));
    joining = taken.catch(() => {});
    await taken;
    return { status: "stored" };
  }

  return {
    spawn,
    report,
    noteEnd: (message, envelope) => takeInTurn(envelope, () => noteEnd(message, envelope)),
    endAll: (message, envelope) => takeInTurn(envelope, async () => endAll(message, envelope)),
  };
}
