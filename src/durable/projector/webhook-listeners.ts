/**
 * Tells webhooks that the log has something for them. Where there are none it costs nothing: that there are any stands in what every
 * write reads anyhow. Before a write is answered, a mark beside an alarm says that some are to be woken. It stands until none is left
 * to wake; a life that finds another's wakes all of them.
 */
import { matchesWebhook } from "../../contract/kinds/matches-webhook.ts";

const limits = {
  /** Milliseconds until one that could not be woken is woken again. */
  retry: 5_000,
  /** Milliseconds from the mark to the look at what is left: a busy server stores a mark and an alarm once in so many, not per write. */
  look: 10_000,
} as const;

export interface Listener {
  id: string;
  kinds: string[];
  /** Only events of this thread. */
  thread?: string;
}

/** What is known of an event that was written. */
export interface Written {
  kind: string;
  /** The threads that it is of. */
  threads: readonly unknown[];
}

export interface WebhookListeners {
  /**
   * These events were written. Answers when waking those that listen can't be lost any more.
   * @param version of the webhooks as it was with that write; 0: there never was one
   */
  tell(version: number, events: Iterable<Written>): Promise<void>;
  /** The alarm rang: wakes all where a life before left its mark, and takes the mark away once all are woken. */
  look(): Promise<void>;
}

export interface ListenerPorts {
  read(): Promise<Listener[]>;
  wake(id: string): Promise<void>;
  /** Whether some are to be woken, as it is stored. */
  mark: { isSet(): boolean; set(): void; clear(): void };
  /** Has {@link WebhookListeners.look} called after so long at the latest, whatever happens until then. */
  ring(milliseconds: number): Promise<void>;
  later(milliseconds: number, work: () => void): void;
  background(work: Promise<unknown>): void;
  warn(entry: { [fact: string]: unknown }): void;
}

export function createWebhookListeners(ports: ListenerPorts): WebhookListeners {
  const { read, mark, ring, background, warn } = ports;
  let known: { version: number; listeners: Listener[] } | undefined;
  /** The mark stands for what this life knows that it has to wake. */
  let marked: Promise<void> | undefined;
  /** Those who are finding out whom to wake. */
  let telling = 0;
  const waker = createWaker(ports);

  function setMark(): Promise<void> {
    marked ??= storeMark().catch((error: unknown) => {
      marked = undefined;
      throw error;
    });
    return marked;
  }

  async function storeMark(): Promise<void> {
    mark.set();
    await ring(limits.look);
  }

  async function readAndWake(version: number, events: readonly Written[]): Promise<void> {
    const isFirst = known === undefined;
    try {
      const listeners = await read();
      if ((known?.version ?? 0) < version) known = { version, listeners };
      for (const each of known?.listeners ?? []) if (isFirst || hears(each, events)) waker.wake(each.id);
    } catch (error) {
      warn({ at: "webhook", error: String(error) });
      // Whoever was to be woken is not known: all are, with the next write or look.
      known = undefined;
      marked = undefined;
    }
  }

  async function tell(version: number, events: readonly Written[]): Promise<void> {
    const listening = known?.version === version ? known.listeners.filter((each) => hears(each, events)) : undefined;
    if (listening?.length === 0) return;
    telling += 1;
    try {
      await setMark();
      for (const { id } of listening ?? []) waker.wake(id);
      if (listening) return;
      // Nobody's write waits for the list.
      telling += 1;
      background(
        readAndWake(version, events).finally(() => {
          telling -= 1;
        }),
      );
    } finally {
      telling -= 1;
    }
  }

  return {
    async tell(version, events) {
      if (version !== 0) await tell(version, [...events]);
    },
    async look() {
      if (!mark.isSet()) return;
      if (marked && telling === 0 && !waker.isBusy()) {
        marked = undefined;
        return mark.clear();
      }
      try {
        if (!marked) {
          for (const { id } of await read()) waker.wake(id);
          marked = Promise.resolve();
        }
      } catch (error) {
        warn({ at: "webhook", error: String(error) });
      }
      await ring(limits.look);
    },
  };
}

function hears({ kinds, thread }: Listener, events: readonly Written[]): boolean {
  return events.some((event) => (thread === undefined || event.threads.includes(thread)) && matchesWebhook(kinds, event.kind));
}

/** Wakes each once at a time, and again where that failed. */
function createWaker({ wake, later, background, warn }: ListenerPorts): { wake(id: string): void; isBusy(): boolean } {
  /** Those that are being woken, and whether there is more for them by now. */
  const waking = new Map<string, { again: boolean }>();
  /** Those that could not be woken. */
  const failed = new Set<string>();

  function wakeOne(id: string): void {
    const under = waking.get(id);
    if (under) under.again = true;
    else background(wakeOn(id));
  }

  async function wakeOn(id: string): Promise<void> {
    const under = { again: false };
    waking.set(id, under);
    try {
      await wake(id);
      waking.delete(id);
      if (under.again) wakeOne(id);
    } catch (error) {
      waking.delete(id);
      failed.add(id);
      warn({ at: "webhook", webhook: id, error: String(error) });
      later(limits.retry, () => {
        failed.delete(id);
        wakeOne(id);
      });
    }
  }

  return { wake: wakeOne, isBusy: () => waking.size + failed.size > 0 };
}
