/** What becomes of events that were tried, as changes of a webhook's documents: each is called within a transaction. */
import type { LogEntry } from "../../contract/views/log.ts";
import type { Attempt } from "./attempt-delivery.ts";
import { type DeadEvent, positionKey, theOne, type WebhookDocuments, type WebhookMarks } from "./webhook-documents.ts";
import { webhookLimits } from "./webhook-limits.ts";

export interface Outcomes {
  /** Marks of a new webhook. */
  begin(position: number): WebhookMarks;
  /** What attempts came to, in the order in which the events stand in the log. */
  note(results: readonly [LogEntry, Attempt][]): void;
  /** An event that was to be tried again has gone from the log. */
  lose(position: number, attempts: number): void;
  /** Everything up to a position was taken. @param ended the last that will be */
  move(position: number, ended?: boolean): void;
  moveBack(position: number): void;
  /** Dead letters are tried again, as many as there is room for. @returns how many */
  revive(positions: readonly number[] | "all"): number;
}

export function createOutcomes({ marks, pending, dead }: Omit<WebhookDocuments, "settings">, now: () => number): Outcomes {
  const change = (changed: (known: WebhookMarks) => Partial<WebhookMarks>): void => {
    const known = marks.get(theOne);
    if (known) marks.put(theOne, { ...known, ...changed(known) });
  };

  function noteTaken({ position }: LogEntry): void {
    pending.delete(positionKey(position));
    change(({ delivered, failures }) => {
      // Its receiver is there again: what waits for it does not wait any longer.
      if (failures >= webhookLimits.down) for (const [key, each] of pending.entries()) pending.put(key, { ...each, next: now() });
      return { delivered: delivered + 1, lastDeliveredAt: now(), failures: 0, failingSince: null };
    });
  }

  function noteFailed({ position, event }: LogEntry, { error, gone, retryAfter = 0 }: Extract<Attempt, { ok: false }>): void {
    const key = positionKey(position);
    const attempts = (pending.get(key)?.attempts ?? 0) + 1;
    const pause = webhookLimits.pauses[attempts - 1];
    if (pause === undefined) {
      pending.delete(key);
      giveUp({ position, id: event.id, type: event.type, attempts, error, at: now() });
    } else pending.put(key, { position, attempts, next: now() + Math.max(pause, retryAfter) });
    change(({ failures, failingSince, stopped, freshAt }) => {
      const since = failingSince ?? now();
      const isDown = failures + 1 >= webhookLimits.down;
      return {
        failures: failures + 1,
        failingSince: since,
        lastError: error,
        stopped: gone ? error : now() - since >= webhookLimits.giveUp ? `nothing was taken for 5 days: ${error}` : stopped,
        freshAt: isDown ? Math.max(freshAt, now() + Math.max(pauseFresh(failures + 1), retryAfter)) : freshAt,
      };
    });
  }

  function giveUp(event: DeadEvent): void {
    const [oldest] = dead.size() >= webhookLimits.deadLetters ? dead.entries() : [];
    if (oldest) dead.delete(oldest[0]);
    dead.put(positionKey(event.position), event);
  }

  const pauseFresh = (failures: number): number =>
    Math.min(webhookLimits.freshFirst * 2 ** (failures - webhookLimits.down), webhookLimits.freshLast);

  return {
    begin: (position) => ({
      ...{ position, delivered: 0, lastDeliveredAt: null, failures: 0, failingSince: null, lastError: null, stopped: null, freshAt: 0 },
    }),
    note(results) {
      for (const [entry, attempt] of results)
        if (attempt.ok) noteTaken(entry);
        else noteFailed(entry, attempt);
    },
    lose(position, attempts) {
      pending.delete(positionKey(position));
      giveUp({ position, id: "", type: "", attempts, error: "retention has taken it from the log", at: now() });
    },
    move: (position, ended = false) => change(() => ({ position, ...(ended && { ended }) })),
    moveBack(position) {
      // What is sent again is not tried again beside that.
      for (const [key, each] of pending.entries()) if (each.position > position) pending.delete(key);
      change(() => ({ position }));
    },
    revive(positions) {
      const keys = dead.entries().map(([key]) => key);
      const asked = positions === "all" ? keys : positions.map(positionKey).filter((key) => dead.facts(key) !== undefined);
      const taken = asked.slice(0, Math.max(0, webhookLimits.pending - pending.size()));
      for (const key of taken) {
        pending.put(key, { position: dead.facts(key) as number, attempts: 0, next: now() });
        dead.delete(key);
      }
      return taken.length;
    },
  };
}
