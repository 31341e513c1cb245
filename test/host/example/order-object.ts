import { DurableObject } from "cloudflare:workers";
import { createActorHost } from "../../../src/durable/host/actor-host.ts";
import { createDurableWorld } from "../../../src/durable/host/storage/durable-world.ts";
import type { Envelope } from "../../../src/durable/protocol/envelope.ts";
import { logics } from "./order-logics.ts";

interface Env {
  ORDER: DurableObjectNamespace;
}

export class OrderObject extends DurableObject<Env> {
  private readonly host;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const world = createDurableWorld(ctx, `actor/${ctx.id.name}`, {
      deliver: (envelope) => (env.ORDER.getByName(envelope.to.slice("actor/".length)) as unknown as OrderObject).deliver(envelope),
    });
    this.host = createActorHost(world, logics);
    this.host.resume();
  }

  start(customer: string) {
    return this.host.start({ actor: String(this.ctx.id.name), logic: "order", input: { customer } });
  }
  send(event: { type: string }) {
    return this.host.send(String(this.ctx.id.name), event);
  }
  read() {
    return this.host.read(String(this.ctx.id.name));
  }
  deliver(envelope: Envelope) {
    return this.host.deliver(envelope);
  }
  override alarm() {
    return this.host.alarm();
  }
}
