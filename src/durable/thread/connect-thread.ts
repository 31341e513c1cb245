/** Gives a thread's objects the platform: its store and alarm, its other objects, the metrics. */
import type { Environment, Neighbours } from "../environment.ts";
import { bury, createObjectWorld, isBuried, type ObjectContext, readName } from "../host/storage/object-context.ts";
import { type CommitKind, countCommit, countStep } from "../projector/metrics.ts";
import { parseRetention } from "../projector/retention.ts";
import type { Envelope } from "../protocol/envelope.ts";
import { readThreadName } from "./lifecycle/epochs.ts";
import { retentionLimits } from "./lifecycle/thread-retention.ts";
import type { TaskDoorPorts } from "./task-door.ts";
import type { ThreadPorts, ThreadRootPorts } from "./thread-ports.ts";
import { createThreadTask } from "./thread-task.ts";

/** An object that an alarm woke may not know its name, if it stores nothing: what would make it tells it. */
export function hearName(ctx: ObjectContext, { to }: Envelope): void {
  ctx.tellName(readThreadName(to.slice(to.indexOf("/") + 1)));
}

export function connectTask(ctx: ObjectContext, near: Neighbours): TaskDoorPorts {
  return {
    name() {
      return readName(ctx);
    },
    storage: ctx.storage,
    make: () => createThreadTask(connect(ctx, near, "task")),
    empty: () => bury(ctx, Date.now() + retentionLimits.tombstone),
    isBuried: () => isBuried(ctx),
    async oldTask(place) {
      const { name } = ctx;
      // One that an alarm woke without its name had a tombstone, and no root keeps anything for it.
      return name === undefined ? null : near.thread(name).oldTask(place);
    },
  };
}

/** @param empty deletes all that the object stores */
export function connectRoot(ctx: ObjectContext, env: Environment, near: Neighbours, empty: () => Promise<void>): ThreadRootPorts {
  const read = parseRetention(env.NERVEFLARE_RETENTION);
  return {
    ...connect(ctx, near, "recruitment"),
    remoteTask: near.task,
    async admission(workflow) {
      const view = await near.workflow(workflow).admission();
      if (!view.ok) throw new Error(view.problem.detail);
      return view.value;
    },
    board: near.board,
    hint: (agent, hint) => near.agent(agent).hint(hint),
    standing: (agent, offer) => near.agent(agent).standing(offer),
    // An unreadable retention rule deletes nothing: deleting can't be undone.
    retention: read.ok ? { keep: read.retention.threads ?? read.retention.default, empty } : undefined,
  };
}

function connect(ctx: ObjectContext, near: Neighbours, kind: CommitKind): ThreadPorts {
  return {
    world: createObjectWorld(ctx, `${kind}/${readName(ctx)}`, { deliver: (envelope) => near.object(envelope.to).deliver(envelope) }),
    registry: near.registry,
    project: near.project,
    random: () => Math.random(),
    card: (agent) => near.agent(agent).card(),
    later: ctx.later,
    counted: (steps) => {
      countCommit(kind);
      for (let step = 0; step < steps; step++) countStep();
    },
  };
}
