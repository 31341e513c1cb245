/** A thread's root without the platform. */

import type { Accepted } from "../../contract/frames/server-frames.ts";
import { isTurnEvent } from "../../contract/kinds/agent-kinds.ts";
import { type Result, refuse, succeed } from "../../contract/problem.ts";
import { createControlKeys } from "../control/control-keys.ts";
import { formerControlKeys } from "../control/former-control-keys.ts";
import { refuseOver } from "../host/inbox.ts";
import { takeEach } from "../host/take-envelope.ts";
import type { Delivery, Envelope } from "../protocol/envelope.ts";
import { isTaskAddress, type Once } from "../protocol/parts.ts";
import type { ThreadActorRpc } from "../protocol/recruitment.ts";
import type { ThreadHost } from "../protocol/typed-host.ts";
import { findOldTask, type OldTask } from "./adoption/old-task.ts";
import { reportEnd } from "./children/report-end.ts";
import { makeArchiveRow, readNewest } from "./lifecycle/archive-thread.ts";
import { taskPrefix } from "./lifecycle/dead-letters.ts";
import { readOrigin, readThreadName } from "./lifecycle/epochs.ts";
import { createThreadRetention, refuseWhileLeaving } from "./lifecycle/thread-retention.ts";
import type { RootHandlers } from "./own-messages.ts";
import { describeRefusedMail } from "./recruitment/describe-refused-mail.ts";
import { createRecruitmentCore, type RecruitmentCore } from "./recruitment/recruitment-core.ts";
import { findTask } from "./recruitment/recruitment-ports.ts";
import { createOfferWork, type OfferWork } from "./recruitment/work-on-offers.ts";
import { createTaskPort, type TaskPort } from "./task/task-port.ts";
import { createThreadBase, formerBase, type ThreadBase } from "./thread-base.ts";
import type { ThreadRootPorts } from "./thread-ports.ts";
import { formerRecruitment } from "./thread-schema.ts";

export interface ThreadRoot {
  host: ThreadHost;
  recruitment: RecruitmentCore;
  /** What agents say of its offers and roles. */
  take: ThreadActorRpc["take"];
  /** @param event the number of an event that this object, or with a `t` before it its task's object, keeps as a dead letter */
  settleDeadLetter(order: "retry" | "drop", event: string, once?: Once): Promise<Result<null>>;
  /** What it offers now. */
  listOffers: OfferWork["list"];
  deliver(envelope: Envelope): Promise<Delivery>;
  alarm(): Promise<void>;
  /** Rows of a task that an earlier version kept here; null: there are none. */
  oldTask: OldTask["page"];
  /** Whether the thread has ended so long ago that it leaves. */
  isOver(): boolean;
}

const rootTables = { recruitment: formerRecruitment, control: formerControlKeys };

export function createThreadRoot(ports: ThreadRootPorts): ThreadRoot {
  const { storage, clock, address } = ports.world;
  const makeOldTask = findOldTask(storage, { ...formerBase, ...rootTables });
  const base = createThreadBase(
    withMovedTask(ports, () => oldTask),
    {
      isRoot: true,
      former: rootTables,
      isOwn: (to) => to === address || readThreadName(to) === address,
      deliver: dispatch,
      own: () => own,
      offers: () => offers,
      noted: () => offers.notes.write(),
      kept: () => offers.notes.keep(),
      dueTimes: () => [offers.due(), oldTask?.due(), retention?.due()],
      describeRefusal: (undeliverable) => describeRefusedMail(undeliverable),
      noteRow(row) {
        if (row.table !== "thread") return row;
        retention?.note(row);
        // A fork does not report to the thread it was copied from, so its row has no parent: read it from its origin.
        return row.parent === null ? { ...row, parent: readOrigin(base.lifecycle)?.parent ?? null } : row;
      },
      onRollback() {
        retention?.reread();
        offers.notes.undo();
      },
    },
  );
  const { name, host, deadLetters, lifecycle } = base;
  const taskAddress = `task/${name}` as const;
  const oldTask: OldTask = makeOldTask(base, () => ports.remoteTask(taskAddress).adopt());

  const offers = createOfferWork(base, ports);
  const keys = createControlKeys({ store: base.store, clock, committer: () => host.committer });
  const reachTask = (to: string): TaskPort => createTaskPort(to, ports.remoteTask(to));
  const recruitment = createRecruitmentCore({ ...ports, ...base, records: base.services.records(), offers, keys, task: reachTask });
  const isIdle = (): boolean => base.isIdle() && !oldTask.waits();
  const retention =
    ports.retention &&
    createThreadRetention({
      lifecycle,
      now: clock.now,
      keep: ports.retention.keep,
      isIdle,
      archive: () => archiveThread(base, recruitment, taskAddress),
      async flush() {
        await host.committer.outbox.flush();
        await base.flushRows();
      },
    });
  const own: RootHandlers = {
    ...offers.own,
    route: (message) => base.ownEvents.route(message),
    "child.report": () => reportEnd({ lifecycle, host, project: base.project, ownTask: findOwnTask }),
  };

  async function findOwnTask(): Promise<TaskPort | undefined> {
    const actor = await host.read(name);
    return actor && findTask({ lifecycle, task: reachTask }, actor);
  }

  function dispatch(envelope: Envelope): Promise<Delivery> {
    const over = refuseOver(host.committer.inbox, envelope);
    return over ? Promise.resolve(over) : (recruitment.deliver(envelope) ?? host.deliver(envelope));
  }

  return {
    host,
    recruitment: refuseWhileLeaving(recruitment, name, () => retention?.leaving() ?? false),
    take: async (agent, event, hash): Promise<Result<Accepted>> =>
      isTurnEvent(event) ? refuse("not_found", "There is no such turn.") : recruitment.take(agent, event, hash),
    settleDeadLetter(order, event, once) {
      const ofTask = event.startsWith(taskPrefix);
      const id = Number(ofTask ? event.slice(taskPrefix.length) : event);
      const settle = (): Promise<Result<null>> =>
        ofTask ? ports.remoteTask(taskAddress).settleDeadLetter(order, id) : deadLetters.settle(order, id);
      return keys.run(once, settle, async () => succeed(null));
    },
    isOver: () => (retention?.due() ?? Number.POSITIVE_INFINITY) <= clock.now(),
    oldTask: oldTask.page,
    listOffers: offers.list,
    async deliver(envelope) {
      host.resume();
      if (retention?.leaving() && !host.committer.inbox.isRepeat(envelope))
        return { status: "refused", code: "gone", detail: `the thread ${name} is archived` };
      return takeEach(envelope, dispatch);
    },
    async alarm() {
      await host.alarm(async () => {
        await oldTask.work();
        await base.flushRows();
        await retention?.work();
        if (retention?.leaving()) return;
        await offers.work();
      });
      if (retention?.ready()) await ports.retention?.empty();
    },
  };
}

/** Nothing is said to the task before its object has what an earlier version kept here: what it is told could be what makes it. */
function withMovedTask(ports: ThreadRootPorts, find: () => OldTask | undefined): ThreadRootPorts {
  const { transport } = ports.world;
  async function deliver(envelope: Envelope): Promise<Delivery> {
    if (isTaskAddress(envelope.to)) await find()?.move();
    return transport.deliver(envelope);
  }
  return { ...ports, world: { ...ports.world, transport: { deliver } } };
}

/** What is shown of the thread goes to D1, and its task's object is told to go. */
async function archiveThread(
  { host, deadLetters, project, clock }: ThreadBase,
  root: Pick<RecruitmentCore, "show" | "messages">,
  taskObject: `task/${string}`,
): Promise<void> {
  const shown = await root.show(null);
  if (!shown.ok) return;
  const [silent] = shown.value.unreachable ?? [];
  // What its task has would be lost.
  if (silent) throw new Error(`the thread ${shown.value.id} is not archived yet: ${silent.receiver} cannot be reached: ${silent.error}`);
  const said = await readNewest((page) => root.messages(null, page));
  host.committer.commit(() => {
    deadLetters.forget();
    project(makeArchiveRow(shown.value, said, clock.now()));
    host.committer.outbox.append([taskObject], { type: "thread.forget" });
  });
}
