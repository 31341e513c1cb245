/**
 * What a webhook does when it is its turn: tries again what failed, reads the log on, and says when it is to be woken next. Its alarm is
 * the one place where it works.
 */
import type { EngineKind } from "../../contract/kinds/engine-kinds.ts";
import { endedStatuses } from "../../contract/statuses.ts";
import type { LogEntry } from "../../contract/views/log.ts";
import type { Attempt } from "./attempt-delivery.ts";
import type { Outcomes } from "./note-outcomes.ts";
import { type PendingEvent, theOne, type WebhookDocuments, type WebhookMarks, type WebhookSettings } from "./webhook-documents.ts";
import { webhookLimits } from "./webhook-limits.ts";
import type { WebhookPorts } from "./webhook-ports.ts";

/** After these a thread says nothing more. */
const endings: ReadonlySet<string> = new Set(endedStatuses.map((status) => `nerve.thread.${status}` satisfies EngineKind));

export interface DeliveryRun {
  /** The log may have more. */
  wake(): void;
  /** What waits does not wait any longer; within a transaction. */
  hurry(): void;
  /** Events are sent again from an earlier position: what is under way does not move on from there. */
  goBack(): void;
  /** When there is something to do next, in milliseconds since 1970; undefined: not before it is woken. */
  findNext(): number | undefined;
  /** Sets the alarm by that. */
  arm(): void;
  alarm(): Promise<void>;
}

export function createDeliveryRun(ports: WebhookPorts, documents: WebhookDocuments, outcomes: Outcomes): DeliveryRun {
  const { now, warn, store } = ports;
  const { settings, marks, pending } = documents;
  const courier = createCourier(ports, documents, outcomes);
  /** The log may have more. Whoever comes into memory does not know. */
  let behind = true;
  /** When the log is asked again, where it could not be read or told too little. */
  let waitsUntil: number | undefined;
  /** When the alarm rings, as far as this life knows. */
  let alarmAt: number | undefined;
  let running = false;
  let replays = 0;

  const countRoom = (): number => (settings.get(theOne)?.push ? webhookLimits.pendingPush : webhookLimits.pending) - pending.size();

  /** All was told that there will be. */
  const isDone = ({ ended }: WebhookMarks): boolean => ended === true && pending.size() === 0;

  function findNext(): number | undefined {
    const known = marks.get(theOne);
    if (!known || known.stopped !== null || isDone(known)) return undefined;
    const times = courier.listTried(known).map(({ next }) => next);
    if (behind && countRoom() > 0) times.push(waitsUntil ?? (isDown(known) ? known.freshAt : now()));
    return times.length ? Math.min(...times) : undefined;
  }

  function arm(): void {
    const next = findNext();
    if (next === undefined || (alarmAt !== undefined && alarmAt <= next)) return;
    alarmAt = next;
    ports.setAlarm(next);
  }

  /** Takes what the log has next. @returns whether there may be more to do at once */
  async function readOn(own: WebhookSettings, known: WebhookMarks): Promise<boolean> {
    const time = now();
    const room = countRoom();
    if (!behind || room <= 0 || time < (waitsUntil ?? 0) || (isDown(known) && time < known.freshAt)) return false;
    const limit = isDown(known) ? 1 : Math.min(room, webhookLimits.read);
    // Before the reading: whoever wakes it meanwhile is heard.
    behind = false;
    const before = replays;
    const page = await ports.read(own.filter, { after: known.position, limit, now: time });
    const hasEnded = own.push !== undefined && page.events.some(({ event }) => endings.has(event.type));
    const move = (): void => {
      if (replays === before) outcomes.move(page.through, hasEnded);
    };
    behind ||= page.more;
    waitsUntil = page.waits ? time + webhookLimits.indexPause : undefined;
    if (page.events.length > 0) await courier.bring(page.events, move);
    else if (page.through > known.position) store.transaction(move);
    return page.events.length > 0 || behind;
  }

  async function run(): Promise<void> {
    const until = now() + webhookLimits.run;
    while (now() < until) {
      const [own, known] = [settings.get(theOne), marks.get(theOne)];
      if (!own || !known || known.stopped !== null || isDone(known)) return;
      if (!(await courier.retryDue(known)) && !(await readOn(own, known))) return;
    }
  }

  function wake(): void {
    behind = true;
    waitsUntil = undefined;
    // Its run reads on, and sets the alarm at its end.
    if (!running) arm();
  }

  return {
    wake,
    hurry() {
      behind = true;
      waitsUntil = undefined;
      for (const [key, each] of pending.entries()) pending.put(key, { ...each, next: now() });
    },
    goBack() {
      replays += 1;
      wake();
    },
    findNext,
    arm,
    async alarm() {
      alarmAt = undefined;
      running = true;
      try {
        await run();
      } catch (error) {
        // The log can't be read, or nothing written: that is not the receiver's doing.
        warn({ at: "webhook", webhook: store.owner, error: String(error) });
        behind = true;
        waitsUntil = now() + webhookLimits.faultPause;
      } finally {
        running = false;
        arm();
      }
    },
  };
}

const isDown = ({ failures }: WebhookMarks): boolean => failures >= webhookLimits.down;

interface Courier {
  /** Those of the events that failed which are tried when they are due: of a receiver that is down, the oldest alone. */
  listTried(known: WebhookMarks): PendingEvent[];
  /** Brings these, a few at the same time, and notes what became of all in one commit, with which `also` goes. */
  bring(entries: LogEntry[], also: () => void): Promise<void>;
  /** @returns whether any was due */
  retryDue(known: WebhookMarks): Promise<boolean>;
}

function createCourier(ports: WebhookPorts, { settings, pending }: WebhookDocuments, outcomes: Outcomes): Courier {
  const { store, now } = ports;

  function listTried(known: WebhookMarks): PendingEvent[] {
    if (!isDown(known)) return pending.entries().map(([, each]) => each);
    const [head] = pending.entries();
    return head ? [head[1]] : [];
  }

  async function bring(entries: LogEntry[], also: () => void): Promise<void> {
    const results: [LogEntry, Attempt][] = [];
    const left = entries.entries();
    async function bringOn(): Promise<void> {
      for (const [index, entry] of left) {
        // As they are now: those before may have taken minutes, in which it was removed, or its secret replaced because somebody has it.
        const own = settings.get(theOne);
        if (!own) return;
        results[index] = [entry, await ports.attempt(own, entry)];
      }
    }
    await Promise.all(Array.from({ length: webhookLimits.atOnce }, bringOn));
    // It may have been removed meanwhile.
    if (!settings.get(theOne)) return;
    store.transaction(() => {
      outcomes.note(results);
      also();
    });
  }

  return {
    listTried,
    bring,
    async retryDue(known) {
      const time = now();
      const due = listTried(known)
        .filter(({ next }) => next <= time)
        .slice(0, webhookLimits.read);
      if (due.length === 0) return false;
      const entries = await ports.readAt(due.map(({ position }) => position));
      const found = new Set(entries.map(({ position }) => position));
      const lost = due.filter(({ position }) => !found.has(position));
      await bring(entries, () => {
        for (const { position, attempts } of lost) outcomes.lose(position, attempts);
      });
      return true;
    },
  };
}
