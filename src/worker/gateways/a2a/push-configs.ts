/** Where changes of a task are pushed to: each receiver is a webhook of its own, which is told of one thread and ends with it. */
import type { AuthenticationInfo, TaskPushNotificationConfig } from "@a2a-js/sdk";
import { pushedKinds } from "../../../contract/kinds/pushed-kinds.ts";
import { judgeWebhookAddress } from "../../../contract/webhook-address.ts";
import { listPushes, type PushRow, pushLimits, putPush, removePush } from "../../a2a-push-store.ts";
import { readEnd } from "../../event-log.ts";
import { problemError } from "../../problem-error.ts";
import { malformed, refuseNow } from "./errors.ts";
import { a2aLimits } from "./limits.ts";
import type { GatewayPorts } from "./list-subjects.ts";
import { isTerminal, judgeState } from "./task-states.ts";
import type { TaskSource } from "./to-task.ts";

export interface PushConfigs {
  /**
   * Judges what is given, before anything is begun for it.
   * @returns what saves it, and tells what happens from now on
   * @throws A2AError `malformed`
   */
  prepare(config: TaskPushNotificationConfig): Promise<(task: TaskSource) => Promise<TaskPushNotificationConfig>>;
  /** @throws A2AError also for a task that is over */
  save(task: TaskSource, config: TaskPushNotificationConfig): Promise<TaskPushNotificationConfig>;
  read(task: TaskSource, id: string): Promise<TaskPushNotificationConfig>;
  list(task: TaskSource): Promise<TaskPushNotificationConfig[]>;
  remove(task: TaskSource, id: string): Promise<void>;
}

type PushPorts = Pick<GatewayPorts, "db" | "webhook" | "now" | "allowsPrivateWebhooks">;

export function createPushConfigs(ports: PushPorts, origin: string): PushConfigs {
  const { db, webhook } = ports;

  async function find({ view }: TaskSource, id: string): Promise<PushRow> {
    const found = (await listPushes(db, view.id)).find((row) => row.id === id);
    if (!found) throw problemError("not_found", `The task ${view.id} has no push notification config ${id.slice(0, 128)}.`);
    return found;
  }

  async function prepare(config: TaskPushNotificationConfig): ReturnType<PushConfigs["prepare"]> {
    const judged = judgeWebhookAddress(config.url, ports.allowsPrivateWebhooks === true);
    if (!judged.ok) throw malformed(judged.error);
    if (config.id.length > a2aLimits.idLength) throw malformed(`The config's id has more than ${a2aLimits.idLength} characters.`);
    const push = readForm(config);
    const position = await readEnd(db);
    return async ({ view: { id: thread } }) => {
      // As the SDK's own store has it. A message that is repeated makes no second one.
      const id = config.id === "" ? thread : config.id;
      const before = (await listPushes(db, thread)).find((row) => row.id === id);
      const row = { thread, id, webhook: before?.webhook ?? crypto.randomUUID(), url: judged.url, scheme: push.scheme };
      const object = webhook(row.webhook);
      const filter = { kinds: [...pushedKinds], workflow: null, role: null, agent: null, thread };
      const made = { url: row.url, filter, links: origin, secret: "", position, push };
      await object.create(made);
      const kept = await putPush(db, row, ports.now());
      // The same config may have been saved at the same time.
      if (kept !== row.webhook) await object.remove();
      if (kept === undefined) {
        const detail = `A task has at most ${pushLimits.each} push notification configs, and all tasks together ${pushLimits.all}. Delete one first.`;
        throw problemError("not_allowed_now", detail, { limit: pushLimits.each });
      }
      if (kept !== row.webhook) await webhook(kept).create(made);
      // What was written before the list had it.
      await webhook(kept).wake();
      return toConfig(row);
    };
  }

  return {
    prepare,
    async save(task, config) {
      if (isTerminal(judgeState(task))) throw refuseNow(`The task ${task.view.id} is over: nothing follows. Get it to see how it ended.`);
      return (await prepare(config))(task);
    },
    read: async (task, id) => toConfig(await find(task, id)),
    list: async ({ view }) => (await listPushes(db, view.id)).map(toConfig),
    async remove(task, id) {
      const row = await find(task, id);
      // The list last: while it has the receiver, a removal that failed can be repeated.
      await webhook(row.webhook).remove();
      await removePush(db, row.webhook);
    },
  };
}

/** Without what is secret, of which the protocol asks for nothing back. */
function toConfig({ thread, id, url, scheme }: PushRow): TaskPushNotificationConfig {
  const authentication: AuthenticationInfo | undefined = scheme === "" ? undefined : { scheme, credentials: "" };
  return { tenant: "", taskId: thread, id, url, token: "", authentication };
}

/** What a header may be: nothing in it begins another. */
const header = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;
const schemePattern = /^[\w!#$%&'*+.^`|~-]{1,64}$/;

function readForm({ token, authentication }: TaskPushNotificationConfig) {
  const { scheme = "", credentials = "" } = authentication ?? {};
  for (const [name, value] of Object.entries({ token, credentials })) {
    if (value.length > a2aLimits.pushSecret) throw malformed(`The ${name} of the config has more than ${a2aLimits.pushSecret} characters.`);
    if (value !== "" && !header.test(value)) throw malformed(`The ${name} of the config goes into a header: give printable ASCII.`);
  }
  if (authentication && (!schemePattern.test(scheme) || credentials === ""))
    throw malformed('The authentication of the config is a scheme, as "Bearer", and credentials.');
  return { token, scheme, credentials };
}
