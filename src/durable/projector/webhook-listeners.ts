/**
 * Tells webhooks that the log has something for them. Where there are none it costs nothing: that there are any stands in what every
 * write reads anyhow. Memory only: who comes into memory wakes all of them once, lest one has missed what was written just before.
 */
import { matchesWebhook } from "../../contract/kinds/matches-webhook.ts";

const limits = {
  /** Milliseconds until one that could not be woken is woken again. */
  retry: 5_000,
} as const;

interface Listener {
  id: string;
  kinds: string[];
}

export interface WebhookListeners {
  /**
   * Events of these kinds were written.
   * @param version of the webhooks as it was with that write; 0: there never was one
   */
  tell(version: number, kinds: Iterable<string>): void;
}

export interface ListenerPorts {
  read(): Promise<Listener[]>;
  wake(id: string): Promise<void>;
  later(milliseconds: number, work: () => void): void;
  background(work: Promise<unknown>): void;
  warn(entry: { [fact: string]: unknown }): void;
}

export function createWebhookListeners({ read, wake, later, background, warn }: ListenerPorts): WebhookListeners {
  let known: { version: number; listeners: Listener[] } | undefined;
  /** Those that are being woken, and whether there is more for them by now. */
  const waking = new Map<string, { again: boolean }>();

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
      warn({ at: "webhook", webhook: id, error: String(error) });
      later(limits.retry, () => wakeOne(id));
    }
  }

  async function tell(version: number, kinds: ReadonlySet<string>): Promise<void> {
    const isFirst = known === undefined;
    if (known?.version !== version) {
      const listeners = await read();
      if ((known?.version ?? 0) < version) known = { version, listeners };
    }
    for (const { id, kinds: own } of known?.listeners ?? [])
      if (isFirst || [...kinds].some((kind) => matchesWebhook(own, kind))) wakeOne(id);
  }

  return {
    tell(version, kinds) {
      if (version === 0) return;
      background(
        tell(version, new Set(kinds)).catch((error: unknown) => {
          warn({ at: "webhook", error: String(error) });
          // Whoever was to be woken is not known: all are, with the next write.
          known = undefined;
        }),
      );
    },
  };
}
