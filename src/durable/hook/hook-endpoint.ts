/** What may be asked of an incoming hook: a thin host of it. One that is not there answers as one that takes nothing. */
import type { Result } from "../../contract/problem.ts";
import type { HookAnswer, HookStanding, HookTrial } from "../../contract/views/hook.ts";
import { Endpoint } from "../endpoint.ts";
import { readName } from "../host/storage/object-context.ts";
import { createStore } from "../host/store/store.ts";
import type { HookDelivery, HookRpc, NewHook } from "../protocol/hook.ts";
import { createHook, goneHook, type Hook, refuseDelivery } from "./hook.ts";
import { verifySignature } from "./verify-signature.ts";

export class HookEndpoint extends Endpoint implements HookRpc {
  #made: Hook | undefined;

  get #hook(): Hook {
    this.#made ??= this.#make();
    return this.#made;
  }

  /** Undefined where it was never made, or removed: asking must store nothing. */
  get #known(): Hook | undefined {
    return this.#made || this.ctx.isStored() ? this.#hook : undefined;
  }

  #make(): Hook {
    const { ctx, near } = this;
    ctx.keepName();
    const name = readName(ctx);
    return createHook({
      store: createStore(ctx.storage, `hook/${name}`),
      now: () => Date.now(),
      post: (events) => near.agent(`hooks/${name}`).accept({ hook: name }, events),
    });
  }

  create(hook: NewHook): Promise<void> {
    return this.#hook.create(hook);
  }

  change(changes: Parameters<HookRpc["change"]>[0]): Promise<Result<null>> {
    return this.#order((known) => known.change(changes));
  }

  rotate(secret: string, overlap: number): Promise<Result<null>> {
    return this.#order((known) => known.rotate(secret, overlap));
  }

  async standing(): Promise<HookStanding | null> {
    return (await this.#known?.standing()) ?? null;
  }

  async take(delivery: HookDelivery): Promise<Result<HookAnswer>> {
    const known = this.#known;
    if (known) return known.take(delivery);
    // As much work as for one that is there.
    await verifySignature("github", delivery, ["a secret that nobody has"], Date.now());
    return refuseDelivery();
  }

  async noteRefusal(code: string, detail: string): Promise<void> {
    await this.#known?.noteRefusal(code, detail);
  }

  tryMap(delivery: HookDelivery, map?: string): Promise<Result<HookTrial>> {
    return this.#order((known) => known.tryMap(delivery, map));
  }

  async remove(): Promise<void> {
    this.#known?.forget();
    this.#made = undefined;
    await this.ctx.deleteAll();
  }

  async alarm(): Promise<void> {}

  async #order<T>(follow: (known: Hook) => Promise<Result<T>>): Promise<Result<T>> {
    const known = this.#known;
    return known ? follow(known) : goneHook();
  }
}
