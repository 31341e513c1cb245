/** What may be asked of a thread's root. A thin host of the root. */
import type { Accepted } from "../../contract/frames/server-frames.ts";
import type { ThreadEvent } from "../../contract/kinds/agent-kinds.ts";
import { type Result, refuse } from "../../contract/problem.ts";
import type { RoleCandidates, ThreadExplanation } from "../../contract/views/explanation.ts";
import type { MessageView, ThreadView } from "../../contract/views/thread.ts";
import { createArtifactBook } from "../artifacts/artifact-book.ts";
import { Endpoint } from "../endpoint.ts";
import { isPaused } from "../environment.ts";
import { bury, clearTombstone, holdAlarm, isBuried, ringAgain } from "../host/storage/object-context.ts";
import { takeEnvelope } from "../host/take-envelope.ts";
import type { ClaimCard } from "../protocol/agent.ts";
import type { OpenOffer } from "../protocol/board.ts";
import type { Delivery, Envelope } from "../protocol/envelope.ts";
import type { OldTaskPage, OldTaskPlace } from "../protocol/old-task.ts";
import type { Once } from "../protocol/parts.ts";
import type { AssignBody, ControlBody, ForkBody, RecruitmentRpc, RestartBody, ThreadHistory } from "../protocol/recruitment.ts";
import { answerGone, answerLate, mayCreateRoot } from "./absent-object.ts";
import { connectRoot, hearName } from "./connect-thread.ts";
import { createEmptying } from "./empty-object.ts";
import { retentionLimits } from "./lifecycle/thread-retention.ts";
import { orderNaming } from "./order-naming.ts";
import { createThreadRoot, type ThreadRoot } from "./thread-root.ts";

type Page = { after?: number; limit: number };

export class RecruitmentEndpoint extends Endpoint implements RecruitmentRpc {
  #made: ThreadRoot | undefined;
  readonly #emptying = createEmptying(async () => {
    this.#made = undefined;
    await bury(this.ctx, Date.now() + retentionLimits.tombstone);
  });

  get #root(): ThreadRoot {
    this.#made ??= createThreadRoot(connectRoot(this.ctx, this.env, this.near, () => this.#emptying.run()));
    return this.#made;
  }

  /** Undefined: nobody ever started a thread of this id. */
  #find(): ThreadRoot | undefined {
    if (this.#emptying.begun()) return undefined;
    return this.#made ?? (this.ctx.isStored() ? this.#root : undefined);
  }

  deliver(envelope: Envelope): Promise<Delivery> {
    hearName(this.ctx, envelope);
    return takeEnvelope(envelope, async () => {
      if (this.#emptying.begun()) return { status: "later", detail: "the object is being emptied" };
      if (!this.#find() && (!mayCreateRoot(envelope) || isBuried(this.ctx))) return answerGone(envelope);
      return this.#emptying.track(this.#root.deliver(envelope));
    });
  }

  async #ask<T>(ask: (root: ThreadRoot) => Promise<Result<T>>, none: ReturnType<typeof refuse> = this.#refuse()): Promise<Result<T>> {
    const root = this.#find();
    return root ? this.#emptying.track(ask(root)) : none;
  }

  /** An order whose body may name artifacts. */
  #order<B extends object, T>(by: string, body: B, order: (root: ThreadRoot, body: B) => Promise<Result<T>>): Promise<Result<T>> {
    return this.#ask((root) =>
      orderNaming(createArtifactBook(this.env.DB), { thread: this.ctx.name ?? "", by, now: Date.now() }, body, (complete) =>
        order(root, complete),
      ),
    );
  }

  async offers(): Promise<OpenOffer[]> {
    return this.#find()?.listOffers() ?? [];
  }

  async retire(): Promise<boolean> {
    const root = this.#find();
    if (!root) return false;
    root.host.resume();
    // Regardless of what the alarm is set for, or whether it was lost.
    if (root.isOver()) await this.ctx.setAlarm(Date.now());
    return true;
  }

  async take(agent: ClaimCard, event: ThreadEvent, hash: string): Promise<Result<Accepted>> {
    return this.#ask((root) => root.take(agent, event, hash), this.#emptying.begun() || isBuried(this.ctx) ? answerLate(event) : undefined);
  }

  async show(viewer: string | null): Promise<Result<ThreadView>> {
    return this.#ask((root) => root.recruitment.show(viewer));
  }

  async messages(viewer: string | null, page: Page): Promise<Result<{ messages: MessageView[]; next: number | null }>> {
    return this.#ask((root) => root.recruitment.messages(viewer, page));
  }

  async control(signal: "cancel" | "suspend" | "resume", operator: string, body: ControlBody, once?: Once): Promise<Result<ThreadView>> {
    return this.#order(operator, body, (root, complete) => root.recruitment.control(signal, operator, complete, once));
  }

  async holders(viewer: string | null): Promise<Result<{ [role: string]: string | null }>> {
    return this.#ask((root) => root.recruitment.holders(viewer));
  }

  async restart(operator: string, body: RestartBody, once?: Once): Promise<Result<ThreadView>> {
    return this.#order(operator, body, (root, complete) => root.recruitment.restart(operator, complete, once));
  }

  async fork(operator: string, body: ForkBody, once?: Once): Promise<Result<ThreadView>> {
    return this.#order(operator, body, (root, complete) => root.recruitment.fork(operator, complete, once));
  }

  async assign(operator: string, role: string, body: AssignBody, once?: Once): Promise<Result<ThreadView>> {
    return this.#ask((root) => root.recruitment.assign(operator, role, body, once));
  }

  async settleDeadLetter(order: "retry" | "drop", event: string, once?: Once): Promise<Result<null>> {
    return this.#ask((root) => root.settleDeadLetter(order, event, once));
  }

  async history(page: Page & { taskAfter?: number }): Promise<Result<ThreadHistory>> {
    return this.#ask((root) => root.recruitment.history(page));
  }

  async oldTask(place: OldTaskPlace): Promise<OldTaskPage | null> {
    return this.#find()?.oldTask(place) ?? null;
  }

  async explain(): Promise<Result<ThreadExplanation>> {
    return this.#ask((root) => root.recruitment.explain());
  }

  async candidates(viewer: string | null, role: string): Promise<Result<RoleCandidates>> {
    return this.#ask((root) => root.recruitment.candidates(viewer, role));
  }

  #refuse(): ReturnType<typeof refuse> {
    return refuse("not_found", `There is no thread ${this.ctx.name ?? "of that id"}.`);
  }

  alarm(): Promise<void> {
    if (isPaused(this.env)) return holdAlarm(this.ctx);
    return ringAgain(this.ctx, async () => (this.#find() ? this.#root.alarm() : clearTombstone(this.ctx)));
  }
}
