/** Which remote task each role's turn is: in memory, and in a file where a restart is to go on with it. */
import { existsSync, readFileSync } from "node:fs";
import { replaceFile } from "../replace-file.ts";
import { bridgeLimits } from "./limits.ts";

/** What is remembered of a role in a thread. */
export interface RemoteTask {
  /** The turn that the task was begun for. */
  turn: string;
  /** Empty: the message was sent, and what came of it is not known. */
  taskId: string;
  /** What the remote agent calls what belongs together: one a role. */
  contextId: string;
  /** Messages that were sent for the turn: by their number each has an id of its own, the same again after a restart. */
  sent: number;
  /** It asked for something, and the thread is suspended for it. */
  waits: boolean;
}

export interface RemoteTasks {
  get(role: string): RemoteTask | undefined;
  set(role: string, task: RemoteTask): void;
}

/** @param file absent: nothing outlives the process. @throws where the file cannot be used */
export function createRemoteTasks(file?: string): RemoteTasks {
  const known = new Map<string, RemoteTask>(file !== undefined && existsSync(file) ? readEntries(file) : []);
  const save = (): void => {
    if (file !== undefined) replaceFile(file, `${JSON.stringify(Object.fromEntries(known))}\n`);
  };
  save();
  return {
    get: (role) => known.get(role),
    set(role, task) {
      known.delete(role);
      known.set(role, task);
      const [oldest] = known.keys();
      if (known.size > bridgeLimits.tasks && oldest !== undefined) known.delete(oldest);
      save();
    },
  };
}

function readEntries(file: string): [string, RemoteTask][] {
  const parsed: unknown = JSON.parse(readFileSync(file, "utf8"));
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) throw new Error("it holds something else than remote tasks");
  return Object.entries(parsed as { [role: string]: RemoteTask });
}
