/** A task's object without the platform. */

import type { Accepted } from "../../contract/frames/server-frames.ts";
import { isTurnEvent } from "../../contract/kinds/agent-kinds.ts";
import { type Result, refuse } from "../../contract/problem.ts";
import { refuseOver } from "../host/inbox.ts";
import { takeEach } from "../host/take-envelope.ts";
import type { Delivery, Envelope } from "../protocol/envelope.ts";
import type { TaskRpc } from "../protocol/task.ts";
import type { ThreadHost } from "../protocol/typed-host.ts";
import { isWaitedFor } from "./broadcast/audience-documents.ts";
import { createChildren } from "./children/children.ts";
import { readThreadName } from "./lifecycle/epochs.ts";
import { describeRefusedMail, findLostHolder } from "./recruitment/describe-refused-mail.ts";
import { formerTask } from "./task/former-task.ts";
import { createTasks, type Tasks } from "./task/tasks.ts";
import { createThreadBase } from "./thread-base.ts";
import type { ThreadPorts } from "./thread-ports.ts";

export interface ThreadTask {
  host: ThreadHost;
  tasks: Tasks;
  /** What agents say of the task's turns. */
  take: TaskRpc["take"];
  /** @param event the number of an event that this object keeps as a dead letter */
  settleDeadLetter(order: "retry" | "drop", event: string): Promise<Result<null>>;
  deliver(envelope: Envelope): Promise<Delivery>;
  alarm(): Promise<void>;
  /** Whether nothing here lives or waits to be sent: an object that is told to go may be emptied. */
  isSpent(): boolean;
}

export function createThreadTask(ports: ThreadPorts): ThreadTask {
  const { address } = ports.world;
  const isAsked = (turn: number, agent: string): boolean => isWaitedFor(base.documents, turn, agent);
  const base = createThreadBase(ports, {
    isRoot: false,
    former: { task: formerTask },
    isOwn: (to) => to === address || readThreadName(to) === address,
    deliver,
    own: () => tasks.own,
    dueTimes: () => [tasks.due()],
    describeRefusal: (undeliverable) => describeRefusedMail(undeliverable, isAsked),
    redirectRefusal: (undeliverable) => findLostHolder(undeliverable, address, isAsked),
  });
  const { host } = base;
  const tasks = createTasks(base, ports, createChildren(base));

  function deliver(envelope: Envelope): Promise<Delivery> {
    const over = refuseOver(host.committer.inbox, envelope);
    return over ? Promise.resolve(over) : (tasks.deliver(envelope) ?? host.deliver(envelope));
  }

  return {
    host,
    tasks,
    take: async (agent, event, hash): Promise<Result<Accepted>> =>
      isTurnEvent(event) ? tasks.take(agent, event, hash) : refuse("not_found", "There is no such offer or role."),
    settleDeadLetter: (order, event) => base.deadLetters.settle(order, Number(event)),
    async deliver(envelope) {
      host.resume();
      return takeEach(envelope, deliver);
    },
    alarm: () =>
      host.alarm(async () => {
        await base.flushRows();
        await tasks.work();
      }),
    isSpent: () => base.isIdle() && !host.hasActive(),
  };
}
