/** What an operator does about a dead letter: it is run again, or given up. */

import { readHostMessage } from "../protocol/envelope.ts";
import type { Committer } from "./committer.ts";
import type { DeadLetters, Origin } from "./dead-letters.ts";
import type { ActorEvent } from "./effects.ts";
import type { Translate } from "./host-types.ts";
import type { JobTable } from "./job-table.ts";
import type { LiveActors } from "./live-actors.ts";
import { type MessageRunner, nameIn } from "./run-message.ts";
import type { EventSender, Sent } from "./send-event.ts";
import type { TimerTable } from "./timer-table.ts";

export interface DeadLetterSettling {
  retry(id: number, translate?: Translate): Promise<Sent>;
  drop(id: number): boolean;
}

export interface DeadLetterSettlingPorts {
  /** The object's address. */
  address: string;
  committer: Pick<Committer, "commit">;
  actors: Pick<LiveActors, "load">;
  timers: TimerTable;
  jobs: JobTable;
  deadLetters: DeadLetters;
  runner: MessageRunner;
  sender: EventSender;
}

export function createDeadLetterSettling(ports: DeadLetterSettlingPorts): DeadLetterSettling {
  const { address, committer, actors, timers, jobs, deadLetters, runner, sender } = ports;

  async function retry(id: number, translate?: Translate): Promise<Sent> {
    const entry = deadLetters.find(id);
    if (!entry) return { ok: false, code: "unknown_event", detail: `there is no dead letter ${id}` };
    const remove = (): void => deadLetters.remove(id);
    const keep = (error: string): void => deadLetters.note(id, error);
    const event = JSON.parse(entry.event) as ActorEvent;
    const origin = entry.origin === null ? undefined : (JSON.parse(entry.origin) as Origin);
    if (origin) {
      const actor = await actors.load(entry.actor);
      const current = "timer" in origin ? timers.isSet(origin.timer) : jobs.isCurrent(origin.job);
      if (!actor || !current)
        return { ok: false, code: "not_taken", detail: `${entry.actor} has moved on: nothing waits for ${event.type}` };
      return sender.take(actor, event, { before: () => forgetOrigin(origin), also: remove }, keep);
    }
    if (entry.sender === null) return sender.send(entry.actor, event, { also: remove }, keep);
    const outcome = await runner.run(
      { from: entry.sender, id: entry.number ?? 0, to: addressIn(entry.actor), message: event },
      remove,
      translate,
    );
    if (outcome.type === "refused") return { ok: false, code: "unknown_actor", detail: outcome.detail };
    if (outcome.type === "aside") {
      committer.commit(() => keep(outcome.error));
      return { ok: false, code: outcome.code, detail: outcome.error };
    }
    const actor = outcome.actor ?? (await actors.load(entry.actor));
    return actor ? { ok: true, actor } : { ok: false, code: "unknown_actor", detail: `${entry.actor} did not begin` };
  }

  function drop(id: number): boolean {
    const entry = deadLetters.find(id);
    if (!entry) return false;
    const said = readHostMessage(JSON.parse(entry.event));
    const { sender: parent, origin, actor } = entry;
    committer.commit(() => {
      deadLetters.remove(id);
      if (origin !== null) forgetOrigin(JSON.parse(origin) as Origin);
      if (parent !== null && said?.type === "host.start")
        runner.tellFailedStart(parent, addressIn(actor), said.child, { name: "Error", message: `dropped by an operator: ${entry.error}` });
    });
    return true;
  }

  function forgetOrigin(origin: Origin): void {
    if ("timer" in origin) timers.forget(origin.timer);
    else jobs.forget(origin.job);
  }

  /** The address under which one of this object's actors is reached. */
  function addressIn(actor: string): string {
    return nameIn(address) === actor ? address : `${address.slice(0, address.indexOf("/"))}/${actor}`;
  }

  return { retry, drop };
}
