/** What became of offers, as the log says it: who claimed, who was outbid, who declined, who got the role. Knows no page. */
import type { Json } from "../../contract/event.ts";
import type { LogEntry } from "../../contract/views/log.ts";
import { inspectorLimits } from "./limits.ts";
import { readData, readSpeaker } from "./story/moment.ts";

export type Answered = "claimed" | "awarded" | "outbid" | "refused" | "declined";

/** What one agent made of an offer. */
export interface OfferAnswer {
  agent: string;
  what: Answered;
  /** What it bid; absent: nothing. */
  bid?: Json;
  why: string;
}

export interface BoardOffer {
  offer: string;
  thread: string;
  workflow: string;
  role: string;
  /** RFC 3339. */
  opened: string;
  /** Why it is closed; null: it is open. */
  closed: string | null;
  answers: readonly OfferAnswer[];
}

/** What is known, by offer; the newest last. */
export type Board = ReadonlyMap<string, BoardOffer>;

/** A claim, by the event that made it. */
interface Pending {
  offer: string;
  agent: string;
  id: string;
}

/** Adds events to what is known, in the order of the log. What it knows already changes nothing. */
export function createBoardModel() {
  const offers = new Map<string, BoardOffer>();
  const seen = new Set<number>();
  let pending: Pending[] = [];

  const change = (offer: unknown, make: (before: BoardOffer) => BoardOffer): boolean => {
    const before = typeof offer === "string" ? offers.get(offer) : undefined;
    if (before) offers.set(before.offer, make(before));
    return before !== undefined;
  };
  const answer = (offer: unknown, next: OfferAnswer): boolean =>
    change(offer, (before) => {
      const own = before.answers.find(({ agent }) => agent === next.agent);
      const bid = next.bid ?? own?.bid;
      const answers = before.answers.filter(({ agent }) => agent !== next.agent);
      return { ...before, answers: [...answers, { ...next, ...(bid !== undefined && { bid }) }] };
    });

  const waiting = (offer: unknown): Pending[] =>
    pending.filter(
      (claim) =>
        claim.offer === offer && offers.get(claim.offer)?.answers.some(({ agent, what }) => agent === claim.agent && what === "claimed"),
    );

  /** The log does not say to whom a verdict went. One that is for its own claim alone was caused by that; who was outbid was so by another's. */
  function reject({ event }: LogEntry, offer: unknown, reason: string): boolean {
    const own = waiting(offer);
    const isOutbid = reason === "outscored";
    const found = isOutbid ? own.find(({ id }) => id !== event.causationid) : (own.find(({ id }) => id === event.causationid) ?? own[0]);
    return found !== undefined && answer(offer, { agent: found.agent, what: isOutbid ? "outbid" : "refused", why: reason });
  }

  function accept(offer: unknown): boolean {
    const own = waiting(offer);
    const [only] = own;
    return only !== undefined && own.length === 1 && answer(offer, { agent: only.agent, what: "awarded", why: "" });
  }

  /** Who holds a role was awarded it, if it claimed; the others who did were not. */
  function hold(thread: unknown, role: unknown, agent: unknown): boolean {
    const offer = [...offers.values()].findLast((each) => each.thread === thread && each.role === role);
    const own = offer?.answers.find((each) => each.agent === agent);
    if (!offer || !own || own.what === "awarded" || own.what === "declined") return false;
    for (const other of offer.answers) {
      if (other.agent === agent) answer(offer.offer, { ...other, what: "awarded", why: "" });
      else if (other.what === "claimed" || other.what === "awarded") answer(offer.offer, { ...other, what: "outbid", why: "outscored" });
    }
    return true;
  }

  function take(entry: LogEntry): boolean {
    const { event } = entry;
    const { offer, role, roles, thread, workflow, why, reason, bid } = readData(entry);
    const agent = readSpeaker(entry);
    const text = (value: unknown): string => (typeof value === "string" ? value : "");
    switch (event.type) {
      case "nerve.offer.opened": {
        const id = text(offer);
        const before = offers.get(id);
        offers.delete(id);
        const opened = before?.opened ?? event.time ?? "";
        offers.set(id, {
          offer: id,
          thread: text(thread),
          workflow: text(workflow),
          role: text(role),
          opened,
          closed: null,
          answers: before?.answers ?? [],
        });
        return true;
      }
      case "nerve.offer.closed":
        return change(offer, (before) => ({ ...before, closed: text(why) }));
      case "nerve.offer.claim":
        if (agent === undefined) return false;
        pending = [...pending, { offer: text(offer), agent, id: event.id }].slice(-1_000);
        return answer(offer, { agent, what: "claimed", why: "", ...(bid !== undefined && { bid: bid as Json }) });
      case "nerve.offer.decline":
        return agent !== undefined && answer(offer, { agent, what: "declined", why: text(reason) });
      case "nerve.claim.accepted":
        return accept(offer);
      case "nerve.claim.rejected":
        return reject(entry, offer, text(reason));
      case "nerve.turn.assigned":
        return hold(event.correlationid, role, readData(entry)["agent"]);
      case "nerve.thread.started":
        return (Array.isArray(roles) ? (roles as { role: unknown; agent: unknown }[]) : [])
          .map((each) => hold(event.correlationid, each.role, each.agent))
          .includes(true);
      default:
        return false;
    }
  }

  return {
    /** @returns whether anything changed */
    add(entries: readonly LogEntry[]): boolean {
      let isNew = false;
      for (const entry of entries) {
        if (seen.has(entry.position)) continue;
        seen.add(entry.position);
        isNew = take(entry) || isNew;
      }
      for (const id of offers.keys()) {
        if (offers.size <= inspectorLimits.offers) break;
        offers.delete(id);
      }
      return isNew;
    },
    offers: (): Board => new Map(offers),
  };
}
