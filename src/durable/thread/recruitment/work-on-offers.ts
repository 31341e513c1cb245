/** Gives the thread's offers what its machine says of them, and the time. Knows the actor's context, no documents. */
import { type RecruitmentContext, recruitmentContext } from "../../../../machines/recruitment/context.ts";
import type { WorkflowIr } from "../../../compile/ir.ts";
import type { BoardRpc, OpenOffer } from "../../protocol/board.ts";
import type { OwnMessage } from "../../protocol/own-places.ts";
import { trust } from "../../protocol/trust.ts";
import type { OwnHandlers } from "../own-messages.ts";
import type { ThreadBase } from "../thread-base.ts";
import type { ThreadRootPorts } from "../thread-ports.ts";
import { threadLimits } from "../thread-schema.ts";
import { createOffers, type Offers, type OffersPorts } from "./offers.ts";

export interface OfferWork extends Pick<Offers, "due" | "isSettled" | "take" | "notes"> {
  /** What the object does for its recruitment: earlier versions left in its outbox what is taken with a step now. */
  own: OwnHandlers<"offer.open" | "offer.close">;
  /** What is open now. */
  list(): Promise<OpenOffer[]>;
  /** Renews what is on the board, and tells the machine of offers for which nobody is waited for any more. */
  work(): Promise<void>;
}

export function createOfferWork(base: ThreadBase, ports: Pick<OffersPorts, "board" | "hint"> & Pick<ThreadRootPorts, "later">): OfferWork {
  const { name, host, definition } = base;
  const { hint } = ports;
  let waits = false;
  const board: BoardRpc = { ...ports.board, close: (...closing) => base.heads.learn(() => ports.board.close(...closing)) };
  const offers = createOffers({ ...base, records: base.services.records(), board, hint, scheduler: base.world.scheduler, opened });

  async function readRoles(): Promise<{ ir: WorkflowIr; context: RecruitmentContext } | undefined> {
    const actor = await host.peek(name);
    const compiled = actor?.definition ? await definition(actor.definition) : undefined;
    return actor && compiled && { ir: compiled.ir, context: trust(recruitmentContext, actor.context) };
  }

  async function take(message: OwnMessage<"offer.open" | "offer.close">): Promise<() => void> {
    const roles = await readRoles();
    if (!roles) throw new Error(`${name} makes no offers`);
    return () => offers.take(message, roles.ir);
  }

  /** A claim comes sooner, and is a commit. */
  function writeSoon(): void {
    if (offers.notes.isEmpty() || waits) return;
    waits = true;
    ports.later(threadLimits.openedLazy, () => {
      waits = false;
      if (!offers.notes.isEmpty()) host.committer.commit(() => {});
    });
  }

  async function opened(offer: string): Promise<void> {
    try {
      const roles = await readRoles();
      if (roles) await offers.show(offer, roles.ir, roles.context);
      writeSoon();
    } catch (error) {
      // It is looked at again as all that are open are.
      console.warn(JSON.stringify({ at: "offers", offer, error: String(error) }));
    }
  }

  return {
    due: offers.due,
    isSettled: offers.isSettled,
    take: offers.take,
    notes: offers.notes,
    async list() {
      const roles = await readRoles();
      return roles ? offers.list(roles.ir, roles.context) : [];
    },
    own: { "offer.open": take, "offer.close": take },
    async work() {
      // Nothing is open, and the board has heard of all that closed.
      if (offers.due() === undefined) return;
      const roles = await readRoles();
      if (!roles) return;
      const write = await offers.renew(roles.ir, roles.context);
      if (write) host.committer.commit(write);
      writeSoon();
      // The last answer says so itself, unless a crash cut it short, or whoever was waited for went away.
      for (const settled of offers.listSettled(roles.ir)) await host.send(name, { type: "offer.exhausted", ...settled });
    },
  };
}
