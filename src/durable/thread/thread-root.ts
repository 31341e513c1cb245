/** A thread's root without the platform, with its task beside it where both share an object. */
import type { Accepted } from "../../contract/frames/server-frames.ts";
import { isTurnEvent } from "../../contract/kinds/agent-kinds.ts";
import { type Result, refuse, succeed } from "../../contract/problem.ts";
import { controlKeyMigrations, createControlKeys } from "../control/control-keys.ts";
import { isRepeat } from "../host/rows.ts";
import type { Delivery, Envelope } from "../protocol/envelope.ts";
import type { Once } from "../protocol/parts.ts";
import type { ThreadActorRpc } from "../protocol/recruitment.ts";
import type { ThreadHost } from "../protocol/typed-host.ts";
import { isWaitedFor } from "./broadcast/audience.ts";
import { createChildren } from "./children/children.ts";
import { makeArchiveRow, readNewest } from "./lifecycle/archive-thread.ts";
import { readOrigin, readThreadName } from "./lifecycle/epochs.ts";
import { createThreadRetention, refuseWhileLeaving } from "./lifecycle/thread-retention.ts";
import type { RootHandlers } from "./own-messages.ts";
import { describeRefusedMail } from "./recruitment/describe-refused-mail.ts";
import { createRecruitmentCore, type RecruitmentCore } from "./recruitment/recruitment-core.ts";
import { findTask } from "./recruitment/recruitment-ports.ts";
import { createOfferWork } from "./recruitment/work-on-offers.ts";
import { createFarTask, createNearTask, type TaskPort } from "./task/task-port.ts";
import { readEnd } from "./task/task-rows.ts";
import { createTasks, type Tasks } from "./task/tasks.ts";
import { createThreadBase, type ThreadBase } from "./thread-base.ts";
import type { ThreadRootPorts } from "./thread-ports.ts";
import { recruitmentMigrations, taskMigrations } from "./thread-schema.ts";

export interface ThreadRoot {
  host: ThreadHost;
  recruitment: RecruitmentCore;
  /** Absent: the task has an object of its own. */
  tasks: Tasks | undefined;
  /** What agents say of the thread: of a turn, to its task; of an offer or a role, to its recruitment. */
  take: ThreadActorRpc["take"];
  /** @param event the number of an event that this object, or with a `t` before it its task's object, keeps as a dead letter */
  settleDeadLetter(order: "retry" | "drop", event: string, once?: Once): Promise<Result<null>>;
  deliver(envelope: Envelope): Promise<Delivery>;
  alarm(): Promise<void>;
  /** Whether the thread has ended so long ago that it leaves. */
  isOver(): boolean;
}

export function createThreadRoot(ports: ThreadRootPorts): ThreadRoot {
  const { beside } = ports;
  const { storage, clock, address } = ports.world;
  const base = createThreadBase(ports, {
    isRoot: true,
    tables: { recruitment: recruitmentMigrations, control: controlKeyMigrations, ...(beside && { task: taskMigrations }) },
    isOwn,
    deliver: dispatch,
    own: () => own,
    dueTimes: () => [offers.due(), tasks?.due(), retention?.due()],
    describeRefusal: (undeliverable) => describeRefusedMail(undeliverable, (turn, agent) => beside && isWaitedFor(storage, turn, agent)),
    readEnd: () => (beside ? readEnd(storage) : { output: null, prompt: null }),
    noteRow(row) {
      if (row.table !== "thread") return row;
      retention?.note(row);
      // A fork does not report to the thread it was copied from, so its row has no parent: read it from its origin.
      return row.parent === null ? { ...row, parent: readOrigin(storage)?.parent ?? null } : row;
    },
    onRollback: () => retention?.reread(),
  });
  const { name, host, deadLetters } = base;

  const offers = createOfferWork(base);
  const children = createChildren({
    ...base,
    async ownTask() {
      const actor = await host.read(name);
      return actor && findTask({ storage, task: reachTask }, actor);
    },
  });
  const tasks = beside ? createTasks(base, ports, children) : undefined;
  const keys = createControlKeys({ storage, clock, committer: () => host.committer });
  const recruitment = createRecruitmentCore({ ...ports, ...base, keys, task: reachTask });
  const retention =
    ports.retention &&
    createThreadRetention({
      storage,
      now: clock.now,
      keep: ports.retention.keep,
      isIdle: base.isIdle,
      archive: () => archiveThread(base, recruitment, beside ? undefined : `task/${name}`),
      async flush() {
        await host.committer.outbox.flush();
        await base.flushRows();
      },
    });
  const own: RootHandlers = {
    ...tasks?.own,
    ...offers.own,
    route: (message) => base.ownEvents.route(message),
    "child.report": () => children.report(),
  };

  function isOwn(to: string): boolean {
    const thread = readThreadName(to);
    return to === address || thread === address || (beside && thread === `task/${name}`);
  }

  function reachTask(to: string): TaskPort {
    const task = to.slice("task/".length);
    return tasks && isOwn(to) ? createNearTask(task, tasks.find(task), host) : createFarTask(task, ports.remoteTask(to));
  }

  function dispatch(envelope: Envelope): Promise<Delivery> {
    return recruitment.deliver(envelope) ?? tasks?.deliver(envelope) ?? host.deliver(envelope);
  }

  return {
    host,
    recruitment: refuseWhileLeaving(recruitment, name, () => retention?.leaving ?? false),
    tasks,
    async take(agent, event, hash): Promise<Result<Accepted>> {
      if (!isTurnEvent(event)) return recruitment.take(agent, event, hash);
      return tasks?.take(agent, event, hash) ?? refuse("not_found", "There is no such turn.");
    },
    settleDeadLetter(order, event, once) {
      const id = Number(event.replace(/^t/, ""));
      const settle = (): Promise<Result<null>> =>
        event.startsWith("t") ? ports.remoteTask(`task/${name}`).settleDeadLetter(order, id) : deadLetters.settle(order, id);
      return keys.run(once, settle, async () => succeed(null));
    },
    isOver: () => (retention?.due() ?? Number.POSITIVE_INFINITY) <= clock.now(),
    async deliver(envelope) {
      host.resume();
      if (retention?.leaving && !isRepeat(storage, envelope.from, envelope.id))
        return { status: "refused", code: "gone", detail: `the thread ${name} is archived` };
      return dispatch(envelope);
    },
    async alarm() {
      await host.alarm(async () => {
        await base.flushRows();
        await retention?.work();
        if (retention?.leaving) return;
        await tasks?.work();
        await offers.work();
      });
      if (retention?.ready) await ports.retention?.empty();
    },
  };
}

/** What is shown of the thread goes to D1, and its task's object is told to go. */
async function archiveThread(
  { host, deadLetters, project, clock }: ThreadBase,
  root: Pick<RecruitmentCore, "show" | "messages">,
  taskObject: `task/${string}` | undefined,
): Promise<void> {
  const shown = await root.show(null);
  if (!shown.ok) return;
  const said = await readNewest((page) => root.messages(null, page));
  host.committer.commit(() => {
    deadLetters.forget();
    project(makeArchiveRow(shown.value, said, clock.now()));
    if (taskObject !== undefined) host.committer.outbox.append([taskObject], { type: "thread.forget" });
  });
}
