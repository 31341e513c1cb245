/**
 * A webhook: reads the log on from where it is, and brings what fits to its receiver, again and again where that fails. The log is the
 * queue; beside it only what failed is kept. Whatever its receiver does is felt here and nowhere else. Knows ports, not the platform.
 */
import { refuse, succeed } from "../../contract/problem.ts";
import type { WebhookStanding } from "../../contract/views/webhook.ts";
import type { WebhookRpc } from "../protocol/webhook.ts";
import { createDeliveryRun } from "./delivery-run.ts";
import { createOutcomes } from "./note-outcomes.ts";
import {
  openWebhookDocuments,
  positionKey,
  theOne,
  type WebhookDocuments,
  type WebhookMarks,
  type WebhookSettings,
} from "./webhook-documents.ts";
import type { WebhookPorts } from "./webhook-ports.ts";

export interface Webhook extends Omit<WebhookRpc, "remove"> {
  alarm(): Promise<void>;
  /** The thread whose changes it pushes has ended and nothing waits, or nobody takes them. */
  isOver(): boolean;
  /** Forgets everything: what is under way writes nothing any more. */
  forget(): void;
}

/** What orders to one that was removed are answered. */
export const goneWebhook = () => refuse("not_found", "This webhook was removed.");

export function createWebhook(ports: WebhookPorts): Webhook {
  const { store, now } = ports;
  const documents = openWebhookDocuments(store);
  const { settings, marks, pending, dead } = documents;
  const outcomes = createOutcomes(documents, now);
  const run = createDeliveryRun(ports, documents, outcomes);

  return {
    alarm: run.alarm,
    forget() {
      store.transaction(() => {
        for (const each of [settings, marks, pending, dead]) each.clear();
      });
    },
    isOver() {
      const known = marks.get(theOne);
      if (!known || !settings.get(theOne)?.push) return false;
      return known.stopped !== null || (known.ended === true && pending.size() === 0);
    },
    async create({ url, filter, links, secret, position, push }) {
      store.transaction(() => {
        settings.put(theOne, { url, filter, links, secret, former: null, ...(push && { push }) });
        if (!push || !marks.get(theOne)) marks.put(theOne, outcomes.begin(position));
      });
    },
    async wake() {
      run.wake();
    },
    async standing() {
      const [own, known] = [settings.get(theOne), marks.get(theOne)];
      return own && known ? showStanding(documents, own, known, { now: now(), next: run.findNext() }) : null;
    },
    async deadLetters({ after, limit }) {
      const keys = dead.entries().map(([key]) => key);
      const from = after === undefined ? keys : keys.filter((key) => key > positionKey(after));
      const page = dead.readMany(from.slice(0, limit)).map(([, { at, ...rest }]) => ({ ...rest, at: formatTime(at) }));
      return { deadLetters: page, next: from.length > limit ? (page.at(-1)?.position ?? null) : null };
    },
    async rotate(secret, overlap) {
      const own = settings.get(theOne);
      if (!own) return goneWebhook();
      const former = overlap > 0 ? { secret: own.secret, until: now() + overlap } : null;
      store.transaction(() => settings.put(theOne, { ...own, secret, former }));
      return succeed(null);
    },
    async resume() {
      const known = marks.get(theOne);
      if (!known) return goneWebhook();
      store.transaction(() => {
        marks.put(theOne, { ...known, stopped: null, failures: 0, failingSince: null });
        run.hurry();
      });
      run.arm();
      return succeed(null);
    },
    async replay(order) {
      const known = marks.get(theOne);
      if (!known) return goneWebhook();
      if ("after" in order) {
        const from = Math.min(order.after, known.position);
        store.transaction(() => outcomes.moveBack(from));
        run.goBack();
        return succeed({ from, deadLetters: 0 });
      }
      const deadLetters = store.transaction(() => outcomes.revive(order.deadLetters));
      run.arm();
      return succeed({ from: null, deadLetters });
    },
  };
}

const formatTime = (at: number): string => new Date(at).toISOString();

function showStanding(
  { pending, dead }: WebhookDocuments,
  { former }: WebhookSettings,
  { stopped, failures, lastDeliveredAt, lastError, position, delivered }: WebhookMarks,
  { now, next }: { now: number; next: number | undefined },
): WebhookStanding {
  return {
    state: stopped !== null ? "stopped" : failures > 0 ? "failing" : "active",
    reason: stopped,
    ...{ position, delivered, failures, lastError, pending: pending.size(), deadLetters: dead.size() },
    lastDeliveredAt: lastDeliveredAt === null ? null : formatTime(lastDeliveredAt),
    nextAttemptAt: pending.size() > 0 && next !== undefined ? formatTime(next) : null,
    formerSecretUntil: former && former.until > now ? formatTime(former.until) : null,
  };
}
