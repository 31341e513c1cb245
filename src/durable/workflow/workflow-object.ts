/** The Durable Object of a workflow: a thin host of its admission. */

import { DurableObject } from "cloudflare:workers";
import { type Result, succeed } from "../../contract/problem.ts";
import type { ReflexOutcome } from "../../contract/routing.ts";
import type { AdmissionView, PauseView } from "../../contract/views/admission.ts";
import { type Environment, findNeighbours, isPaused } from "../environment.ts";
import { createDurableWorld, createSettle, holdAlarm, isStored, readName, ringAgain } from "../host/storage/durable-world.ts";
import { takeEnvelope } from "../host/take-envelope.ts";
import { countCommit } from "../projector/metrics.ts";
import type { Delivery, Envelope } from "../protocol/envelope.ts";
import type { Once } from "../protocol/parts.ts";
import type { WorkflowRpc } from "../protocol/workflow.ts";
import { type Admission, createAdmission } from "./admission.ts";

export class WorkflowObject extends DurableObject<Environment> implements WorkflowRpc {
  #made: Admission | undefined;

  get #admission(): Admission {
    this.#made ??= this.#make();
    return this.#made;
  }

  #make(): Admission {
    const name = readName(this.ctx);
    const near = findNeighbours(this.env, name);
    return createAdmission({
      name,
      world: createDurableWorld(this.ctx, `workflow/${name}`, { deliver: (envelope) => near.object(envelope.to).deliver(envelope) }),
      registry: near.registry,
      project: near.project,
      settle: createSettle(this.ctx),
      later: (milliseconds, work) => void setTimeout(work, milliseconds),
      countCommit: () => countCommit("workflow"),
    });
  }

  deliver(envelope: Envelope): Promise<Delivery> {
    return takeEnvelope(envelope, () => this.#admission.deliver(envelope));
  }

  async admission(): Promise<Result<AdmissionView>> {
    return succeed(isStored(this.ctx) ? this.#admission.admission() : { running: 0, queued: [], paused: null, concurrency: null });
  }

  async outcomes(refs: string[]): Promise<(ReflexOutcome | null)[]> {
    return this.#made || isStored(this.ctx) ? this.#admission.outcomes(refs) : refs.map(() => null);
  }

  pause(pause: PauseView | null, once?: Once): Promise<Result<AdmissionView>> {
    return this.#admission.pause(pause, once);
  }

  /** One that never had a thread learns of it with its first. */
  async published(revision: string): Promise<void> {
    if (this.#made || isStored(this.ctx)) await this.#admission.published(revision);
  }

  override alarm(): Promise<void> {
    if (isPaused(this.env)) return holdAlarm(this.ctx);
    return ringAgain(this.ctx, () => this.#admission.alarm());
  }
}
