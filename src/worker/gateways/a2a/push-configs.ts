/** Where changes of a task are pushed to. */
import type { TaskPushNotificationConfig } from "@a2a-js/sdk";
import { refusePush } from "./errors.ts";
import type { GatewayPorts } from "./list-subjects.ts";
import type { Caller } from "./send-message.ts";
import type { TaskSource } from "./to-task.ts";

export interface PushConfigs {
  save(task: TaskSource, config: TaskPushNotificationConfig): Promise<TaskPushNotificationConfig>;
  read(task: TaskSource, id: string): Promise<TaskPushNotificationConfig>;
  list(task: TaskSource): Promise<TaskPushNotificationConfig[]>;
  remove(task: TaskSource, id: string): Promise<void>;
}

export function createPushConfigs(_ports: GatewayPorts, _caller: Caller, _origin: string): PushConfigs {
  const refuse = async (): Promise<never> => {
    throw refusePush("Nothing is pushed here: stream the task, or get it.");
  };
  return { save: refuse, read: refuse, list: refuse, remove: refuse };
}
