/** What may be asked of a webhook: a thin host of its deliveries. */
import type { Result } from "../../contract/problem.ts";
import type { LogEntry } from "../../contract/views/log.ts";
import type { WebhookReplay, WebhookStanding } from "../../contract/views/webhook.ts";
import { Endpoint } from "../endpoint.ts";
import { isPaused } from "../environment.ts";
import { holdAlarm, readName, ringAgain } from "../host/storage/object-context.ts";
import { createStore } from "../host/store/store.ts";
import type { NewWebhook, ReplayOrder, WebhookRpc } from "../protocol/webhook.ts";
import { attemptDelivery } from "./attempt-delivery.ts";
import { readAt, readMatching } from "./read-matching.ts";
import { createWebhook, goneWebhook, type Webhook } from "./webhook.ts";

export class WebhookEndpoint extends Endpoint implements WebhookRpc {
  #made: Webhook | undefined;

  get #webhook(): Webhook {
    this.#made ??= this.#make();
    return this.#made;
  }

  /** Undefined where it was never made, or removed: asking must store nothing. */
  get #known(): Webhook | undefined {
    return this.#made || this.ctx.isStored() ? this.#webhook : undefined;
  }

  #make(): Webhook {
    const { ctx, env } = this;
    ctx.keepName();
    const now = (): number => Date.now();
    const ports = {
      fetch: (url: string, init: RequestInit) => fetch(url, init),
      now,
      allowsPrivate: env.NERVEFLARE_PRIVATE_WEBHOOKS === "true",
      tellTask: (thread: string, entry: LogEntry) => this.#tellTask(thread, entry),
    };
    return createWebhook({
      store: createStore(ctx.storage, `webhook/${readName(ctx)}`),
      now,
      setAlarm: (at) => void ctx.setAlarm(at),
      read: (filter, from) => readMatching(env.DB, filter, from),
      readAt: (positions) => readAt(env.DB, positions),
      attempt: (settings, entry) => attemptDelivery(settings, entry, ports),
      warn: (entry) => console.warn(JSON.stringify(entry)),
    });
  }

  create(webhook: NewWebhook): Promise<void> {
    return this.#webhook.create(webhook);
  }

  async wake(): Promise<void> {
    const known = this.#known;
    await known?.wake();
    // It may have been stopped just before it ended.
    if (known?.isOver()) await this.#end();
  }

  async standing(): Promise<WebhookStanding | null> {
    return (await this.#known?.standing()) ?? null;
  }

  async deadLetters(...query: Parameters<WebhookRpc["deadLetters"]>): ReturnType<WebhookRpc["deadLetters"]> {
    return (await this.#known?.deadLetters(...query)) ?? { deadLetters: [], next: null };
  }

  rotate(secret: string, overlap: number): Promise<Result<null>> {
    return this.#order((known) => known.rotate(secret, overlap));
  }

  resume(): Promise<Result<null>> {
    return this.#order((known) => known.resume());
  }

  replay(order: ReplayOrder): Promise<Result<WebhookReplay>> {
    return this.#order((known) => known.replay(order));
  }

  async remove(): Promise<void> {
    this.#known?.forget();
    this.#made = undefined;
    await this.ctx.deleteAll();
  }

  async alarm(): Promise<void> {
    if (isPaused(this.env)) return holdAlarm(this.ctx);
    await ringAgain(this.ctx, async () => {
      const known = this.#known;
      await known?.alarm();
      if (known?.isOver()) await this.#end();
    });
  }

  /** What it pushed has ended, and it with that. */
  async #end(): Promise<void> {
    const { DB: db } = this.env;
    await db.batch([
      db.prepare("DELETE FROM a2a_push WHERE webhook = ?").bind(readName(this.ctx)),
      db.prepare("UPDATE registry SET webhooks = webhooks + 1"),
    ]);
    await this.remove();
  }

  /** Loaded by those only that push. */
  async #tellTask(thread: string, entry: LogEntry): Promise<string | undefined> {
    const { tellTask } = await import("../../worker/gateways/a2a/push-body.ts");
    const { thread: root, agent } = this.near;
    return tellTask({ db: this.env.DB, thread: root, agent }, thread, entry);
  }

  async #order<T>(follow: (known: Webhook) => Promise<Result<T>>): Promise<Result<T>> {
    const known = this.#known;
    return known ? follow(known) : goneWebhook();
  }
}
