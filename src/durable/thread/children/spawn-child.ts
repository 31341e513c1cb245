/** An edge starts a child: by way of its workflow's queue, or refused with why. */
import type { CloudEvent } from "../../../contract/event.ts";
import { checkSchema, describeMisfits } from "../../../contract/json-schema/check-schema.ts";
import { findNearestName } from "../../../contract/nearest-name.ts";
import type { OwnMessage } from "../../protocol/own-places.ts";
import type { Registry } from "../../registry/registry.ts";
import { readDepth } from "../../routing/chain-depth.ts";
import { routingLimits } from "../../routing/routing-limits.ts";
import { makeThreadId } from "../lifecycle/thread-id.ts";
import { makeThreadEvent } from "../log/make-event.ts";
import { readTaskStart } from "../task/counted-steps.ts";
import type { ChildDocument } from "../task/task-documents.ts";
import { changeChild, findChild } from "./child-documents.ts";
import type { ChildrenPorts } from "./children-ports.ts";
import type { TellTask } from "./join-children.ts";

export type SpawnChild = (message: OwnMessage<"spawn">, mark: () => void) => Promise<void>;

export function createSpawnChild({ host, documents, clock, registry, stamp, log }: ChildrenPorts, tellTask: TellTask): SpawnChild {
  return async (message, mark) => {
    const { task, round, place } = message;
    const event = stamp(message.event);
    const child = findChild(documents, round, place);
    if (child?.status === "refused" && !child.told) return tellTask(task, child, "failed", mark);
    // Its parent has ended.
    const isOver = (): boolean => findChild(documents, round, place)?.status !== "starting";
    if (!child || isOver()) return void host.committer.commit(mark);
    const start = readTaskStart(documents);
    const found = await findWorkflow(registry, child.workflow, event);
    const thread = await makeThreadId(event.source, event.id, child.workflow, place);
    // It may have ended while the registry was asked.
    if (isOver()) return void host.committer.commit(mark);
    if ("refused" in found) {
      const refused: ChildDocument = { ...child, status: "refused", error: found.refused };
      const told = makeThreadEvent(start.thread, `${event.id}.refused`, "nerve.spawn.refused", event.causationid ?? event.id, clock.now(), {
        workflow: child.workflow,
        reason: found.refused,
      });
      console.warn(JSON.stringify({ at: "spawn", thread: start.thread, workflow: child.workflow, reason: found.refused }));
      host.committer.commit(() => {
        changeChild(documents, refused);
        log(told, start.thread);
      });
      return tellTask(task, refused, "failed", mark);
    }
    host.committer.commit(() => {
      mark();
      changeChild(documents, { ...child, thread, status: "live" });
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
        // An awaited child needs no place of its own: its parent holds one while it waits, and two workflows could wait for each other's places for ever.
        ...(child.awaited && { needsPlace: false }),
      });
    });
  };
}

/** The revision that a child runs, or why there is none. */
async function findWorkflow(registry: Registry, workflow: string, event: CloudEvent): Promise<{ revision: string } | { refused: string }> {
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
