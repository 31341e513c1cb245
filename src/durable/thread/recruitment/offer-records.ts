/**
 * A thread's offers as it keeps them: of each role the newest, with whom it was opened to; what agents said of it; the claims that
 * were taken; and who lost a role last. Knows documents, no rule of recruitment.
 */
import type { Resident } from "../../host/store/collections.ts";
import { createNewest } from "../../host/store/newest.ts";
import type { Store } from "../../host/store/store.ts";

/** The newest offer of a role. */
export interface OfferRecord {
  /** `<thread>:<place of the role>:<number>`. */
  id: string;
  opened: number;
  expires: number;
  /** Why it was closed; null while it is open. */
  closed: string | null;
  /** When it was closed. */
  closedAt?: number;
  /** To whom it was awarded, if it closed because it was; absent: an earlier version closed it. */
  winner?: string | null;
  /** The agents that were there and eligible when it was opened; null: nobody could be asked who they are. */
  asked: string[] | null;
}

/** What one agent said of a role's newest offer, or of one before. */
export interface Reply {
  offer: string;
  /**
   * `claimed`, `awarded`, `declined: …`, `refused: …` (the card does not do, which may change) or `rejected: …` (the machine said no).
   */
  text: string;
  /** What the claim was ranked by. */
  score: number | null;
  /** When the agent answered. */
  at: number | null;
}

/** When and why an agent last lost a role. */
export interface LostRole {
  generation: number;
  reason: string;
  at: number;
}

export type RoleOffer = OfferRecord & { role: string };

/** An offer as one agent finds it. */
export interface OfferState {
  role: string;
  closed: string | null;
  reply: string | null;
}

export interface OfferRecords {
  /** The newest offer of a role. */
  last(role: string): OfferRecord | undefined;
  /** Undefined: it is not its role's newest. */
  find(id: string): RoleOffer | undefined;
  listOpen(): RoleOffer[];
  /** Within a transaction, like all that writes. */
  put(role: string, offer: OfferRecord): void;
  /** To whom an offer was made is known: seen from now on, and written by {@link OfferRecords.writeAsked}. */
  noteAsked(id: string, asked: string[]): void;
  writeAsked(id: string): void;
  /** @returns the closed offer, which is its role's newest */
  close(id: string, why: string, at: number): RoleOffer | undefined;
  /** Offers that were closed since a time. */
  listClosed(since: number): RoleOffer[];
  /** Undefined: there was no such offer. */
  readState(id: string, agent: string): OfferState | undefined;
  /** What was said of an offer, by agent. */
  readReplies(offer: RoleOffer): Map<string, Reply>;
  /** To whom an offer that closed for that reason was awarded. */
  findWinner(offer: RoleOffer, why: string): string | null;
  /** How many the role's newest offer was made to, those included that answered unasked; and how many answered it. */
  count(role: string): { offered: number; answered: number } | undefined;
  /** What an agent said. A leader that claims again keeps its better score, as in the machine. */
  reply(role: string, agent: string, reply: Reply): void;
  /** The agent may answer again. */
  forgetReply(role: string, agent: string): void;
  /** The machine rejected the claim; the card's own refusal stays. */
  noteRejected(offer: string, agent: string, reason: string): void;
  noteAwarded(offer: string, agent: string): void;
  /** The hash of what an agent sent under an id; of the newest that agents sent. */
  readSent(agent: string, id: string): string | undefined;
  noteSent(agent: string, id: string, hash: string, at: number): void;
  noteEnded(role: string, agent: string, ended: LostRole): void;
  readEnded(role: string, agent: string): LostRole | undefined;
}

/** Replies to one role that are read at once: agents that could have answered. */
const repliesAtMost = 10_000;
/** Claims, declines and releases whose ids are known: as many as a thread's agents could send again, and 1 MB. */
const sentAtMost = 10_000;

/** The machine's number of an offer. */
export function readOfferNumber(offer: string): number {
  return Number(offer.slice(offer.lastIndexOf(":") + 1));
}

export const offerCollection = "offer";

export function createOfferRecords(store: Store): OfferRecords {
  const offers: Resident<OfferRecord> = store.resident(offerCollection);
  const replies = store.keyed<Reply>("reply");
  const sent = createNewest(store.keyed<string>("claimed"), sentAtMost);
  const ended = store.keyed<LostRole>("ended_seat");
  /** To whom a role's newest offer was awarded in this life: what nobody need read. */
  const awarded = new Map<string, { offer: string; agent: string }>();
  const keyOf = (of: string, agent: string): string => `${of} ${agent}`;

  /** By role: to whom its newest offer was made, where that may not be written. */
  const noted = new Map<string, { id: string; asked: string[] }>();

  function complete(role: string, offer: OfferRecord): OfferRecord {
    const note = offer.asked === null ? noted.get(role) : undefined;
    return note?.id === offer.id ? { ...offer, asked: note.asked } : offer;
  }

  function list(): RoleOffer[] {
    return offers.entries().map(([role, offer]) => ({ role, ...complete(role, offer) }));
  }

  function last(role: string): OfferRecord | undefined {
    const offer = offers.get(role);
    return offer && complete(role, offer);
  }

  const find = (id: string): RoleOffer | undefined => list().find((offer) => offer.id === id);

  function readReply(role: string, agent: string, offer: string): Reply | undefined {
    const found = replies.read(keyOf(role, agent));
    return found?.offer === offer ? found : undefined;
  }

  const records: OfferRecords = {
    last,
    find,
    listOpen: () => list().filter(({ closed }) => closed === null),
    put: (role, offer) => offers.put(role, offer),
    noteAsked(id, asked) {
      const offer = find(id);
      if (offer) noted.set(offer.role, { id, asked });
    },
    writeAsked(id) {
      const found = find(id);
      if (!found) return;
      const { role, ...offer } = found;
      offers.put(role, offer);
    },
    close(id, why, at) {
      const found = find(id);
      if (!found) return undefined;
      const { role, ...offer } = found;
      const winner = records.findWinner(found, why);
      // An offer that is filled closes before the machine says who has it.
      const closed = { ...offer, closed: why, closedAt: at, ...((winner !== null || why !== "filled") && { winner }) };
      offers.put(role, closed);
      return { role, ...closed };
    },
    listClosed: (since) => list().filter(({ closedAt }) => closedAt !== undefined && closedAt >= since),
    readState(id, agent) {
      const found = find(id);
      if (found) return { role: found.role, closed: found.closed, reply: readReply(found.role, agent, id)?.text ?? null };
      // Numbers grow: one that is less than the newest was made, and is over.
      const place = id.slice(0, id.lastIndexOf(":") + 1);
      const newest = list().find((offer) => offer.id.startsWith(place));
      const number = readOfferNumber(id);
      if (!newest || !(number >= 1 && number < readOfferNumber(newest.id))) return undefined;
      return { role: newest.role, closed: "over", reply: null };
    },
    readReplies({ role, id }) {
      const found = replies.list({ after: `${role} `, before: `${role}!`, limit: repliesAtMost });
      return new Map(found.flatMap(([key, reply]) => (reply.offer === id ? [[key.slice(role.length + 1), reply] as const] : [])));
    },
    findWinner(offer, why) {
      if (offer.winner !== undefined) return offer.winner;
      if (why !== "filled") return null;
      const known = awarded.get(offer.role);
      if (known?.offer === offer.id) return known.agent;
      return [...records.readReplies(offer)].find(([, { text }]) => text === "awarded")?.[0] ?? null;
    },
    count(role) {
      const offer = last(role);
      if (!offer) return undefined;
      const replies = records.readReplies({ role, ...offer });
      return { offered: new Set([...(offer.asked ?? []), ...replies.keys()]).size, answered: replies.size };
    },
    reply(role, agent, reply) {
      const before = readReply(role, agent, reply.offer);
      const keepsScore = before?.text === "claimed" && reply.text === "claimed" && Number(before.score) >= Number(reply.score);
      replies.put(keyOf(role, agent), keepsScore ? { ...reply, score: before.score } : reply);
    },
    forgetReply: (role, agent) => replies.delete(keyOf(role, agent)),
    noteRejected(offer, agent, reason) {
      const role = find(offer)?.role;
      const before = role !== undefined ? readReply(role, agent, offer) : undefined;
      if (role !== undefined && before?.text === "claimed") replies.put(keyOf(role, agent), { ...before, text: `rejected: ${reason}` });
    },
    noteAwarded(offer, agent) {
      const role = find(offer)?.role;
      if (role === undefined) return;
      const { score = null, at = null } = readReply(role, agent, offer) ?? {};
      replies.put(keyOf(role, agent), { offer, text: "awarded", score, at });
      awarded.set(role, { offer, agent });
      const closed = offers.get(role);
      if (closed && closed.closed !== null) offers.put(role, { ...closed, winner: agent });
    },
    readSent: (agent, id) => sent.read(keyOf(agent, id)),
    noteSent: (agent, id, hash, at) => sent.put(keyOf(agent, id), hash, at),
    noteEnded: (role, agent, seat) => ended.put(keyOf(role, agent), seat),
    readEnded: (role, agent) => ended.read(keyOf(role, agent)),
  };
  return records;
}
