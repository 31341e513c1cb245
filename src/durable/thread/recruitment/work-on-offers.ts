/** Gives the thread's offers what its machine says of them, and the time. Knows the actor's context, no rows. */
import { type RecruitmentContext, recruitmentContext } from "../../../../machines/recruitment/context.ts";
import type { WorkflowIr } from "../../../compile/ir.ts";
import type { OwnMessage } from "../../protocol/own-places.ts";
import { trust } from "../../protocol/trust.ts";
import type { OwnHandlers } from "../own-messages.ts";
import type { ThreadBase } from "../thread-base.ts";
import { createOffers, type Offers } from "./offers.ts";

export interface OfferWork extends Pick<Offers, "due"> {
  /** What the object does for its recruitment. */
  own: OwnHandlers<"offer.open" | "offer.close">;
  /** Makes offers to agents that came since, and tells the machine of those that everybody has answered. */
  work(): Promise<void>;
}

export function createOfferWork(base: ThreadBase): OfferWork {
  const { name, host, definition } = base;
  const offers = createOffers({ ...base, outbox: host.committer.outbox });

  async function readRoles(): Promise<{ ir: WorkflowIr; context: RecruitmentContext } | undefined> {
    const actor = await host.peek(name);
    const compiled = actor?.definition ? await definition(actor.definition) : undefined;
    return actor && compiled && { ir: compiled.ir, context: trust(recruitmentContext, actor.context) };
  }

  async function take(message: OwnMessage<"offer.open" | "offer.close">): Promise<() => void> {
    const roles = await readRoles();
    if (!roles) throw new Error(`${name} makes no offers`);
    return offers.take(message, roles.ir, roles.context);
  }

  return {
    due: offers.due,
    own: { "offer.open": take, "offer.close": take },
    async work() {
      const roles = await readRoles();
      if (!roles) return;
      const write = await offers.scan(roles.ir, roles.context);
      if (write) host.committer.commit(write);
      // The last answer says so itself, unless a crash cut it short.
      for (const exhausted of offers.listExhausted(roles.ir)) await host.send(name, { type: "offer.exhausted", ...exhausted });
    },
  };
}
