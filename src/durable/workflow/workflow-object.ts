/** The Durable Object of a workflow: a thin host of its admission. */
import { DurableObject } from "cloudflare:workers";
import { type Result, succeed } from "../../wire/problem.ts";
import { type Environment, findNeighbours } from "../environment.ts";
import { countCommit } from "../metrics.ts";
import type { Delivery, Envelope, WorkflowRpc } from "../rpc.ts";
import { createDurableWorld } from "../storage/durable-world.ts";
import { type Admission, createAdmission } from "./admission.ts";

export class WorkflowObject extends DurableObject<Environment> implements WorkflowRpc {
  readonly #admission: Admission;

  constructor(ctx: DurableObjectState, env: Environment) {
    super(ctx, env);
    const near = findNeighbours(env);
    const name = ctx.id.name ?? "";
    this.#admission = createAdmission({
      name,
      world: createDurableWorld(ctx, `workflow/${name}`, { deliver: (envelope) => near.object(envelope.to).deliver(envelope) }),
      registry: near.registry,
      project: near.project,
      settle: () => ctx.storage.sync(),
      later: (milliseconds, work) => void setTimeout(work, milliseconds),
      countCommit: () => countCommit("workflow"),
    });
  }

  deliver(envelope: Envelope): Promise<Delivery> {
    return this.#admission.deliver(envelope);
  }

  async admission(): Promise<Result<{ running: number; queued: string[] }>> {
    return succeed(this.#admission.admission());
  }

  override alarm(): Promise<void> {
    return this.#admission.alarm();
  }
}
