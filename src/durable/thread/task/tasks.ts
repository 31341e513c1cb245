/** The tasks of one object, one for each epoch of its thread: who answers their turns, their audiences and their children. */
import type { ThreadEventOf, TurnKind } from "../../../contract/kinds/agent-kinds.ts";
import { dispatch, type Handlers } from "../../protocol/dispatch.ts";
import type { Delivery, Envelope } from "../../protocol/envelope.ts";
import { type TaskMessage, taskMessages } from "../../protocol/task.ts";
import { createAudience } from "../broadcast/audience.ts";
import type { Children } from "../children/children.ts";
import { markOwn, readOwnSender, type TaskHandlers } from "../own-messages.ts";
import type { ThreadBase } from "../thread-base.ts";
import type { ThreadPorts } from "../thread-ports.ts";
import type { Take } from "../turn/take-in-turn.ts";
import { writeSteps } from "./copied-steps.ts";
import { createTaskCore, type TaskCore } from "./task-core.ts";
import { writeSupplement } from "./task-documents.ts";

export interface Tasks {
  /** @param name the task actor's id */
  find(name: string): TaskCore;
  take: Take<ThreadEventOf<TurnKind>>;
  /** Takes a message for this object's tasks; undefined: it is for an actor. */
  deliver(envelope: Envelope): Promise<Delivery> | undefined;
  /** What the object does for its tasks. */
  own: TaskHandlers;
  /** When {@link Tasks.work} must be called. */
  due(): number | undefined;
  work(): Promise<void>;
}

export function createTasks(base: ThreadBase, { random, card }: Pick<ThreadPorts, "random" | "card">, children: Children): Tasks {
  const { host, documents, world, services, registry, definition, ownEvents, storage, clock, logCause } = base;
  const tasks = new Map<string, TaskCore>();
  const audience = createAudience({ world, host, documents, services, registry, definitions: definition, card, random });

  function find(name: string): TaskCore {
    let core = tasks.get(name);
    if (!core) {
      core = createTaskCore({ name, host, storage, documents, clock, definition, logCause });
      tasks.set(name, core);
    }
    return core;
  }

  /** An agent that had a turn was deleted. */
  async function leave(message: TaskMessage<"audience.left">, envelope: Envelope): Promise<Delivery> {
    if (!host.committer.inbox.isRepeat(envelope)) await audience.leave(message, envelope);
    return { status: "stored" };
  }

  /** Steps of the thread that this one is a fork of: they come before it begins. */
  async function takeCopy(steps: TaskMessage<"thread.copy">, envelope: Envelope): Promise<Delivery> {
    if (!host.committer.inbox.isRepeat(envelope))
      host.committer.commit(() => {
        host.committer.inbox.mark(envelope);
        writeSteps(documents, steps);
      });
    return { status: "stored" };
  }

  async function takeSupplement({ supplement }: TaskMessage<"thread.supplement">, envelope: Envelope): Promise<Delivery> {
    if (!host.committer.inbox.isRepeat(envelope))
      host.committer.commit(() => {
        host.committer.inbox.mark(envelope);
        writeSupplement(documents, supplement);
      });
    return { status: "stored" };
  }

  const handlers: Handlers<typeof taskMessages, Promise<Delivery>> = {
    "audience.left": leave,
    "thread.copy": takeCopy,
    "thread.supplement": takeSupplement,
    "child.ended": children.noteEnd,
    "children.end": children.endAll,
  };

  return {
    find,
    async take(agent, event, hash) {
      const { turn } = event.data;
      return find(turn.slice(0, turn.lastIndexOf(":"))).take(agent, event, hash);
    },
    deliver: (envelope) => dispatch(taskMessages, handlers, envelope),
    own: {
      publish: (message) => ownEvents.publish(message),
      spawn: async (message, envelope) => void (await children.spawn(message, () => markOwn(host, envelope))),
      "audience.ask": async (message, envelope) => void audience.ask(message, envelope, readOwnSender(envelope)),
    },
    due: audience.due,
    work: audience.work,
  };
}
