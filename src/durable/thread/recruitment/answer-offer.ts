/** What each kind of event that agents say of a thread's roles does: a claim, a decline, a release. Knows rows and the actor host. */
import { lookUp } from "../../../../machines/facts.ts";
import type { RecruitmentEvent } from "../../../../machines/messages.ts";
import { recruitmentContext } from "../../../../machines/recruitment/context.ts";
import type { RoleIr } from "../../../compile/ir.ts";
import { prefersLastHolder } from "../../../compile/lower/party.ts";
import type { RoleKind, ThreadEventOf } from "../../../contract/kinds/agent-kinds.ts";
import { type Result, refuse, succeed } from "../../../contract/problem.ts";
import type { ActorView } from "../../host/host-types.ts";
import type { ClaimCard } from "../../protocol/agent.ts";
import { trust } from "../../protocol/trust.ts";
import type { ThreadRow } from "../lifecycle/thread-rows.ts";
import { type OfferState, readOfferNumber } from "./offer-records.ts";
import { makeOfferId } from "./recruitment-logic.ts";
import type { RecruitmentPorts } from "./recruitment-ports.ts";
import { refuseRelease } from "./refuse-release.ts";
import { scoreCard } from "./score-card.ts";

/** An event on its way into the thread, with what its handler needs to answer it. */
export interface Arrival<K extends RoleKind> {
  agent: ClaimCard;
  event: ThreadEventOf<K>;
  thread: ThreadRow;
  actor: Pick<ActorView, "context">;
  /** Writes that the event was taken; within its transaction. @param asSent a repeat is to find it */
  remember(asSent?: boolean): void;
  /** The claim before has been given to the machine. */
  before: Promise<unknown>;
  /** This one has been: the next may follow. */
  done(): void;
}

/** `taken`, or why not; `decided`: a claim that was taken, and has its verdict. */
export type Answer = "taken" | "decided" | ReturnType<typeof refuse>;

/** @returns takes an event by its kind */
export function createOfferAnswers(ports: RecruitmentPorts): <K extends RoleKind>(arrival: Arrival<K>) => Promise<Answer> {
  const { name, host, clock, definition, records, offers } = ports;

  /** Each kind reads its own members only. */
  const handlers: { [K in RoleKind]: (arrival: Arrival<K>) => Promise<Answer> } = {
    "nerve.offer.claim": claim,
    "nerve.offer.decline": decline,
    "nerve.role.release": release,
  };

  /** Nobody is waited for any more: the offer need not wait for its time to be up. */
  async function endIfSettled(role: RoleIr, offer: string): Promise<void> {
    if (!offers.isSettled(offer, role)) return;
    await host.send(name, { type: "offer.exhausted", role: role.name, offer: readOfferNumber(offer) });
  }

  function dispatch<K extends RoleKind>(arrival: Arrival<K>): Promise<Answer> {
    const handler: (arrival: Arrival<K>) => Promise<Answer> = handlers[arrival.event.type as K];
    return handler(arrival);
  }

  async function release({ agent, event, thread, remember }: Arrival<"nerve.role.release">): Promise<Answer> {
    const { role, lease, reason } = event.data;
    const fact: RecruitmentEvent = { type: "role.release", role, agent: agent.id, generation: lease, reason };
    const answer = await host.send(name, fact, { before: () => remember() });
    return answer.ok ? "taken" : refuseRelease(ports, agent.id, role, lease, thread.revision);
  }

  async function decline(arrival: Arrival<"nerve.offer.decline">): Promise<Answer> {
    const { agent, event, actor } = arrival;
    const { offer, reason } = event.data;
    const found = await findOffer(offer, arrival);
    if (!found.ok) return found;
    const { role } = found.value;
    // As it is now: a claim of the same agent may have been taken meanwhile.
    const state = records.readState(offer, agent.id);
    if (!state || state.closed !== null) return refuseClosed(offer);
    if (state.reply === "claimed")
      return refuse("not_allowed_now", "You have claimed this role; if you are given it after all, send nerve.role.release.", { offer });
    host.committer.commit(() => {
      arrival.remember();
      records.reply(role.name, agent.id, { offer, text: `declined: ${reason}`, score: null, at: clock.now() });
    });
    // The last holder of a sticky role declined: the others need not wait for it.
    const { last } = trust(recruitmentContext, actor.context);
    if (prefersLastHolder(role) && last[role.name] === agent.id)
      await host.send(name, { type: "offer.exhausted", role: role.name, offer: readOfferNumber(offer) });
    else await endIfSettled(role, offer);
    return "taken";
  }

  async function claim(arrival: Arrival<"nerve.offer.claim">): Promise<Answer> {
    const { agent, event, thread, remember, before, done } = arrival;
    const { offer, bid } = event.data;
    const found = await findOffer(offer, arrival);
    if (!found.ok) return found;
    const { role } = found.value;
    const verdict = await scoreCard(ports, role, agent, bid, thread);
    await before;
    const why = "why" in verdict ? verdict.why : undefined;
    const score = "score" in verdict ? verdict.score : undefined;
    // Asked again when it is the claim's turn, for another of the same agent may be taken before it.
    const findKept = () => findKeptClaim(ports, offer, agent.id, why === undefined);
    const sending = host.send(
      name,
      {
        type: "role.claim",
        role: role.name,
        agent: agent.id,
        offer: readOfferNumber(offer),
        eligible: why === undefined,
        ...(why !== undefined && { why }),
        ...(score !== undefined && { score }),
      },
      {
        fits: () => findKept() === undefined,
        before() {
          // A refused claim leaves its id free: the agent may claim again if it is offered the role again.
          remember(why === undefined);
          const text = why === undefined ? "claimed" : `refused: ${why}`;
          records.reply(role.name, agent.id, { offer, text, score: score ?? null, at: clock.now() });
        },
      },
    );
    done();
    if (!(await sending).ok) {
      if (findKept() !== "claimed") return refuseClosed(offer);
      // Who has claimed has claimed: the machine keeps that claim, and one that would be refused may not hide it.
      host.committer.commit(() => remember(false));
      return "taken";
    }
    await endIfSettled(role, offer);
    // With an offer that closes each claim of it has its verdict.
    return why === undefined && records.find(offer)?.closed === null ? "taken" : "decided";
  }

  /** An offer that the agent may still say something to. */
  async function findOffer(
    offer: string,
    { agent, thread, actor }: Pick<Arrival<RoleKind>, "agent" | "thread" | "actor">,
  ): Promise<Result<{ state: OfferState; role: RoleIr }>> {
    const state = records.readState(offer, agent.id);
    if (!state) return (await isOpening(offer, thread, actor)) ? refuseUnopened() : refuse("not_found", "There is no such offer.");
    // Filled while the claim was on its way: the machine answers with the winner's name. Other closed offers need no answer.
    if ((state.closed !== null && state.closed !== "filled") || state.reply === "awarded") return refuseClosed(offer);
    const workflow = await definition(thread.revision);
    const role = workflow?.ir.roles.find((each) => each.name === state.role);
    return role ? succeed({ state, role }) : refuseClosed(offer);
  }

  /** Whether the machine has opened the offer, and it is on the board, but is not stored here yet. */
  async function isOpening(offer: string, thread: ThreadRow, actor: Arrival<RoleKind>["actor"]): Promise<boolean> {
    const { offers: numbers } = trust(recruitmentContext, actor.context);
    const workflow = await definition(thread.revision);
    return (workflow?.ir.roles ?? []).some((role, place) => offer === makeOfferId(thread.id, place, lookUp(numbers, role.name) ?? 0));
  }

  return dispatch;
}

/** What an agent has of an offer that another claim of it would take away. @param isGood the other is not refused */
function findKeptClaim(
  { records }: Pick<RecruitmentPorts, "records">,
  offer: string,
  agent: string,
  isGood: boolean,
): "claimed" | "awarded" | undefined {
  const reply = records.readState(offer, agent)?.reply;
  return reply === "awarded" || (reply === "claimed" && !isGood) ? reply : undefined;
}

function refuseUnopened(): ReturnType<typeof refuse> {
  return refuse("unavailable", "The offer is being opened; send it again.", { retryAfter: 1 });
}

function refuseClosed(offer: string): ReturnType<typeof refuse> {
  return refuse("offer_closed", `The offer ${offer} is closed; drop it.`, { offer });
}
