/** The tools by which a model gets roles. */
import * as z from "zod";
import type { OfferOpened } from "../client/contract-types.ts";
import type { Json } from "../contract/event.ts";
import { cutToBytes } from "../contract/limits.ts";
import { mcpLimits } from "./limits.ts";
import type { Verdict } from "./offer-book.ts";
import { refuse } from "./refusals.ts";
import { type Shown, showOffers } from "./show.ts";
import { createTool, say, within } from "./tool.ts";
import type { Worker } from "./worker.ts";

const offerId = z.string().min(1).describe("The id of the offer, as `offers` or `wait_for_turn` gave it.");

export const offers = createTool({
  name: "offers",
  title: "List offers",
  description: "Lists the roles that are offered to you now, with their goals, and those that you hold.",
  input: z.object({}),
  reads: true,
  async run(_, { worker }) {
    const { offers: open, rolesHeld } = await worker.use().agent.me();
    for (const { offer } of open) worker.offers.show(offer);
    const held = rolesHeld.map(({ workflow, role, thread }) => `- ${workflow}/${role}, thread ${thread}`);
    return say(
      [
        open.length === 0
          ? "No role is offered to you now. `wait_for_turn` returns when one is."
          : `Offered:\n\n${showOffers(open as OfferOpened[])}`,
        held.length === 0
          ? `You hold no role; you may hold ${worker.slots}.`
          : `You hold, of ${worker.slots} that you may:\n\n${held.join("\n")}`,
      ].join("\n\n"),
    );
  },
});

export const claim = createTool({
  name: "claim",
  title: "Claim a role",
  description:
    "Asks for the role of an offer. Once it is yours its turns come by `wait_for_turn`. Claim only what you can do well and now: others may be waiting for it.",
  input: z.object({
    offer: offerId,
    bid: z.unknown().optional().describe("Only where the goal asks for one: what the role's workflow compares claims by, as JSON."),
  }),
  async run({ offer: id, bid }, { worker, signal }) {
    const { agent } = worker.use();
    const offer = await findOffer(id, worker);
    const verdict = worker.offers.verdict(id);
    if (!agent.decide(offer, bid === undefined ? "claim" : { bid: bid as Json })) throw await refuseClaim(worker);
    return tellVerdict(offer, await within(mcpLimits.verdictMs, verdict, signal));
  },
});

export const decline = createTool({
  name: "decline",
  title: "Decline an offer",
  description: "Says that you will not take a role, so that nobody waits for you.",
  input: z.object({ offer: offerId, reason: z.string().optional().describe("Why, for people.") }),
  async run({ offer: id, reason }, { worker, signal }) {
    const { agent } = worker.use();
    const offer = await findOffer(id, worker);
    const verdict = worker.offers.verdict(id);
    if (!agent.decide(offer, { decline: cutToBytes(reason ?? "declined", mcpLimits.noteBytes) }))
      throw refuse("not_allowed_now", `The offer ${id} is being claimed: it can't be declined now.`);
    worker.offers.show(id);
    const settled = await within(mcpLimits.settleMs, verdict, signal);
    if (settled?.kind === "lost") throw refuseLost(offer, settled);
    return say(settled ? `Declined: ${offer.workflow}/${offer.role}.` : "The server does not answer yet: it is told as soon as it does.");
  },
});

async function findOffer(id: string, worker: Worker): Promise<OfferOpened> {
  const seen = worker.offers.find(id);
  if (seen) return seen;
  const { offers: open } = await worker.use().agent.me();
  const found = (open as OfferOpened[]).find(({ offer }) => offer === id);
  if (found) return found;
  const others =
    open.length > 0
      ? `Open are ${open
          .map(({ offer }) => offer)
          .slice(0, mcpLimits.offers)
          .join(", ")}.`
      : "None is open: call `wait_for_turn`.";
  throw refuse("offer_closed", `No offer ${id} is open for you. ${others}`);
}

async function refuseClaim(worker: Worker) {
  const { rolesHeld } = await worker.use().agent.me();
  const held = rolesHeld.map(({ workflow, role, thread }) => `${workflow}/${role} of thread ${thread}`).join("; ");
  const why = held === "" ? "a claim of yours waits for its verdict" : `you hold ${held}`;
  return refuse(
    "not_allowed_now",
    `All ${worker.slots} slots are taken: ${why}. Perform that first (\`wait_for_turn\`), or give a role back with \`release\`. A person can allow more: \`nerveflare mcp --slots N\`.`,
  );
}

function tellVerdict(offer: OfferOpened, verdict: Verdict | undefined): Shown {
  const role = `${offer.workflow}/${offer.role} of thread ${offer.thread}`;
  if (verdict === undefined)
    return say(`The claim on ${role} is made, and not decided yet. Call \`wait_for_turn\`: it gives the turn if the role is yours.`);
  if (verdict.kind === "lost") throw refuseLost(offer, verdict);
  return say(`The role ${role} is yours. Call \`wait_for_turn\` for its turn.`);
}

function refuseLost({ offer, workflow, role }: OfferOpened, { message, code }: Extract<Verdict, { kind: "lost" }>) {
  const why = (code === undefined ? message : message.replace(`${code}: `, "")).replace(/\.$/, "");
  return refuse(
    "offer_closed",
    `You did not get ${workflow}/${role} (offer ${offer}): ${why}. Call \`wait_for_turn\` or \`offers\` for others.`,
  );
}
