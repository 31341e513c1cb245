/** The tasks of one object, one for each epoch of its thread: who answers their turns, their audiences and their children. */
import type { ThreadEventOf, TurnKind } from "../../../contract/kinds/agent-kinds.ts";
import { isRepeat, markReceived } from "../../host/rows.ts";
import type { Delivery, Envelope, Steps } from "../../protocol/rpc.ts";
import { createAudience } from "../broadcast/audience.ts";
import { type Children, childMessages } from "../children/children.ts";
import { type OwnHandlers, readOwnSender } from "../own-messages.ts";
import type { ThreadBase } from "../thread-base.ts";
import type { ThreadPorts } from "../thread-ports.ts";
import type { Take } from "../turn/take-in-turn.ts";
import { createTaskCore, type TaskCore } from "./task-core.ts";
import { writeSteps } from "./task-rows.ts";

export interface Tasks {
  /** @param name the task actor's id */
  find(name: string): TaskCore;
  take: Take<ThreadEventOf<TurnKind>>;
  /** Takes a message for this object's tasks; undefined: it is for an actor. */
  deliver(envelope: Envelope): Promise<Delivery> | undefined;
  /** What the object does for its tasks. */
  own: OwnHandlers;
  /** When {@link Tasks.work} must be called. */
  due(): number | undefined;
  work(): Promise<void>;
}

export function createTasks(base: ThreadBase, { random, card }: Pick<ThreadPorts, "random" | "card">, children: Children): Tasks {
  const { host, storage, world, services, registry, definition, ownEvents } = base;
  const tasks = new Map<string, TaskCore>();
  const audience = createAudience({ world, host, services, registry, definitions: definition, card, random });

  function find(name: string): TaskCore {
    let core = tasks.get(name);
    if (!core) {
      core = createTaskCore({ ...base, name });
      tasks.set(name, core);
    }
    return core;
  }

  /** An agent is no more that had a turn. */
  async function leave(envelope: Envelope): Promise<Delivery> {
    if (!isRepeat(storage, envelope.from, envelope.id)) await audience.leave(envelope);
    return { status: "stored" };
  }

  /** Steps of the thread that this one is a fork of: they come before it begins. */
  async function takeCopy({ from, id, message }: Envelope): Promise<Delivery> {
    if (!isRepeat(storage, from, id))
      host.committer.commit(() => {
        markReceived(storage, from, id);
        writeSteps(storage, message as unknown as Steps);
      });
    return { status: "stored" };
  }

  return {
    find,
    async take(agent, event, hash) {
      const { turn } = event.data;
      return find(turn.slice(0, turn.lastIndexOf(":"))).take(agent, event, hash);
    },
    deliver(envelope) {
      const { type } = envelope.message;
      if (type === "audience.left") return leave(envelope);
      if (type === "thread.copy") return takeCopy(envelope);
      return childMessages.has(type) ? children.deliver(envelope) : undefined;
    },
    own: {
      publish: (message) => ownEvents.publish(message),
      spawn: async (message, mark) => void (await children.spawn(message, mark)),
      "audience.ask": async (_message, _mark, envelope) => void audience.ask(envelope, readOwnSender(envelope)),
    },
    due: audience.due,
    work: audience.work,
  };
}
