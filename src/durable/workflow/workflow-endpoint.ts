/** What may be asked of a workflow: a thin host of its admission. */
import { type Result, succeed } from "../../contract/problem.ts";
import type { ReflexOutcome } from "../../contract/routing.ts";
import type { AdmissionView, PauseView } from "../../contract/views/admission.ts";
import { Endpoint } from "../endpoint.ts";
import { isPaused } from "../environment.ts";
import { createObjectWorld, holdAlarm, readName, ringAgain } from "../host/storage/object-context.ts";
import { takeEnvelope } from "../host/take-envelope.ts";
import { countCommit } from "../projector/metrics.ts";
import type { Delivery, Envelope } from "../protocol/envelope.ts";
import type { Once } from "../protocol/parts.ts";
import type { WorkflowRpc } from "../protocol/workflow.ts";
import { type Admission, createAdmission } from "./admission.ts";

export class WorkflowEndpoint extends Endpoint implements WorkflowRpc {
  #made: Admission | undefined;

  get #admission(): Admission {
    this.#made ??= this.#make();
    return this.#made;
  }

  #make(): Admission {
    const name = readName(this.ctx);
    const { near } = this;
    return createAdmission({
      name,
      world: createObjectWorld(this.ctx, `workflow/${name}`, { deliver: (envelope) => near.object(envelope.to).deliver(envelope) }),
      registry: near.registry,
      project: near.project,
      settle: this.ctx.settle,
      later: this.ctx.later,
      countCommit: () => countCommit("workflow"),
    });
  }

  deliver(envelope: Envelope): Promise<Delivery> {
    return takeEnvelope(envelope, () => this.#admission.deliver(envelope));
  }

  async admission(): Promise<Result<AdmissionView>> {
    return succeed(this.ctx.isStored() ? this.#admission.admission() : { running: 0, queued: [], paused: null, concurrency: null });
  }

  async outcomes(refs: string[]): Promise<(ReflexOutcome | null)[]> {
    return this.#made || this.ctx.isStored() ? this.#admission.outcomes(refs) : refs.map(() => null);
  }

  pause(pause: PauseView | null, once?: Once): Promise<Result<AdmissionView>> {
    return this.#admission.pause(pause, once);
  }

  /** One that never had a thread learns of it with its first, unless it starts them itself. */
  async published(revision: string, scheduled = false): Promise<void> {
    if (scheduled || this.#made || this.ctx.isStored()) await this.#admission.published(revision);
  }

  async withdrawn(): Promise<void> {
    if (this.#made || this.ctx.isStored()) this.#admission.withdrawn();
  }

  alarm(): Promise<void> {
    if (isPaused(this.env)) return holdAlarm(this.ctx);
    return ringAgain(this.ctx, () => this.#admission.alarm());
  }
}
