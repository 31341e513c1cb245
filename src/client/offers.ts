/** Judges offers and claims them while a slot is free. A claim takes a slot until it is rejected or its role ends. */
import type { CloudEvent, Json } from "../contract/event.ts";
import type { OfferOpened } from "../contract/kinds/offer.ts";
import { createBoundedMap } from "./bounded.ts";
import { ClientError, describeError } from "./client-error.ts";
import type { Clock } from "./clock.ts";
import { completeEvent } from "./complete-event.ts";
import type { OfferDecision, OfferHandler } from "./handlers.ts";
import { clientLimits } from "./limits.ts";
import type { Me, MeReader } from "./me.ts";
import type { TakeNote } from "./note.ts";
import type { Outbox } from "./outbox.ts";

/** Takes offers and what becomes of them. */
export interface Offers {
  /**
   * An offer is open: claimed, refused, or kept until a slot is free.
   * @param said the event that said so, or when `/v1/me` was asked for it: a list that is older than the offer's verdict changes nothing
   */
  open(offer: OfferOpened, said: CloudEvent | number): void;
  close(offer: string): void;
  accept(claim: { offer: string; thread: string; role: string; heartbeat?: { every: string } }): void;
  reject(claim: { offer: string; reason?: string }): void;
  /** A turn is over: a role that is bound for a turn ends with it. */
  endTurn(thread: string, role: string): void;
  /** A named role was given without an offer: it takes no slot. */
  assign(thread: string, role: string): void;
  /** A role is no longer held. */
  endRole(thread: string, role: string): void;
  endThread(thread: string): void;
  /** Whether any role of the thread is held. */
  holds(thread: string): boolean;
  /** Takes the server's word on which roles are held and which claims wait for their verdict. */
  resync(me: Me, asked: number): void;
  /** Whether this process claimed the role, or was given a turn of it; another with the same token may hold others. */
  isOwn(thread: string, role: string): boolean;
  /** Whether a claim waits for its verdict. */
  hasClaims(): boolean;
  /** Settles when none does. */
  decided(): Promise<void>;
  /** Claims nothing more. */
  stop(): void;
}

interface Held {
  bind: string;
  since: number;
}

/** An offer that is being judged or claimed. */
interface Claim {
  offer: OfferOpened;
  /**
   * `taken`: the server has the claim, and its verdict is to come. `conflict`: it has one of another body, whose verdict may have come
   * already. Both since `since`.
   */
  state: "sending" | "taken" | "conflict";
  since: number;
}

/** Makes {@link Offers}. */
export function createOffers(options: {
  slots: number;
  decide: OfferHandler;
  outbox: Pick<Outbox, "send">;
  me: MeReader;
  clock: Clock;
  note: TakeNote;
  /** A role is held now, and its heartbeat is due this often. */
  held: (thread: string, every: string) => void;
}): Offers {
  const { slots, decide, outbox, me, clock, note } = options;
  const waiting = new Map<string, { offer: OfferOpened; event: CloudEvent | undefined }>();
  const claiming = new Map<string, Claim>();
  /** Offers that had their verdict, and when: what a list of before says of them is old. */
  const settled = createBoundedMap<string, number>(clientLimits.settledOffers);
  const held = new Map<string, Held>();
  const named = new Set<string>();
  const own = createBoundedMap<string, true>(clientLimits.settledOffers);
  const deciders: (() => void)[] = [];
  let nextResync = 0;
  let resyncWait: number = clientLimits.resyncMs;
  let stopTimer: (() => void) | undefined;
  let stopped = false;

  function consider() {
    if (claiming.size === 0) for (const wake of deciders.splice(0)) wake();
    for (const [id, { offer, event }] of waiting) {
      if (stopped || held.size + claiming.size >= slots) break;
      waiting.delete(id);
      claiming.set(id, { offer, state: "sending", since: clock.now() });
      void judge(offer, event);
    }
    if (!stopped && (waiting.size > 0 || [...claiming.values()].some(({ state }) => state === "conflict"))) findFreeSlot();
  }

  /** What was lost while the word of it got lost too, the server's list of what is held tells: now, or when it may be asked again. */
  function findFreeSlot() {
    const asked = clock.now();
    if (asked < nextResync) {
      stopTimer ??= clock.after(nextResync - asked, () => {
        stopTimer = undefined;
        consider();
      });
      return;
    }
    nextResync = asked + resyncWait;
    resyncWait = Math.min(clientLimits.resyncMaxMs, resyncWait * 2);
    void me.read().then(
      (now) => resync(now, asked),
      () => consider(),
    );
  }

  async function judge(offer: OfferOpened, event: CloudEvent | undefined) {
    const about = { offer: offer.offer, thread: offer.thread };
    const causation = { correlationid: offer.thread, ...(event ? { causationid: event.id } : {}) };
    try {
      const answer = readDecision(await decide(offer));
      if (answer.kind === undefined) return free(offer.offer);
      const verb = answer.kind === "nerve.offer.claim" ? "claim" : "decline";
      if (verb === "decline") free(offer.offer);
      const data = { offer: offer.offer, ...answer.data };
      // One claim per offer, whoever repeats it: the id follows from the offer.
      await outbox.send(completeEvent({ id: `${verb}:${offer.offer}`, type: answer.kind, data, ...causation }), "own");
      if (verb === "claim") mark(offer.offer, "taken");
      note({ level: "info", what: `offer.${verb}`, message: `${offer.workflow}/${offer.role}`, ...about });
    } catch (error) {
      const code = error instanceof ClientError ? error.code : undefined;
      // An earlier claim, with another bid, was taken; the verdict on it is still to come.
      if (code === "id_conflict") return mark(offer.offer, "conflict");
      settle(offer.offer);
      const level = code === "offer_closed" || code === "closed" ? "info" : "warn";
      note({ level, what: "offer.lost", message: describeError(error), ...about, ...(code ? { code } : {}) });
    }
  }

  function free(offer: string) {
    if (claiming.delete(offer)) consider();
  }

  function settle(offer: string) {
    settled.set(offer, clock.now());
    free(offer);
  }

  /** The verdict may have come before the claim's own answer did. */
  function mark(offer: string, state: "taken" | "conflict") {
    const claim = claiming.get(offer);
    if (!claim) return;
    // The one that conflicts was taken long before: every list that is asked for from the sending on knows of it.
    Object.assign(claim, { state, since: state === "taken" ? clock.now() : claim.since - 1 });
    consider();
  }

  /** Frees the slots of claims whose verdict never comes: the server knows of no such claim any more. */
  function dropClaims(claims: Me["claims"], asked: number) {
    const pending = new Set((claims ?? []).map(({ offer }) => offer));
    for (const [id, { offer, state, since }] of claiming) {
      const known = state === "sending" || since >= asked || pending.has(id) || (state === "taken" && !claims);
      if (known) continue;
      claiming.delete(id);
      settled.set(id, clock.now());
      note({ level: "info", what: "claim.settled", message: "the server holds no such claim any more", offer: id, thread: offer.thread });
    }
  }

  function resync(now: Me, asked: number) {
    const before = held.size + claiming.size;
    dropClaims(now.claims, asked);
    const known = new Set(now.rolesHeld.map(({ thread, role }) => `${thread} ${role}`));
    for (const { thread, role, type } of now.rolesHeld) if (type === "named") named.add(`${thread} ${role}`);
    for (const key of known) if (!held.has(key) && !named.has(key)) held.set(key, { bind: "thread", since: asked });
    for (const key of named) if (!known.has(key)) named.delete(key);
    for (const [key, { since }] of held) if (!known.has(key) && since < asked) held.delete(key);
    if (held.size + claiming.size < before) resyncWait = clientLimits.resyncMs;
    consider();
  }

  return {
    open(offer, said) {
      const old = typeof said === "number" && (settled.get(offer.offer) ?? Number.NEGATIVE_INFINITY) >= said;
      if (stopped || old || claiming.has(offer.offer)) return;
      const event = typeof said === "number" ? waiting.get(offer.offer)?.event : said;
      waiting.set(offer.offer, { offer, event });
      const [oldest] = waiting.keys();
      if (waiting.size > clientLimits.waitingOffers && oldest !== undefined) waiting.delete(oldest);
      consider();
    },
    close(offer) {
      waiting.delete(offer);
      settle(offer);
    },
    accept({ offer, thread, role, heartbeat = claiming.get(offer)?.offer.heartbeat }) {
      const claimed = claiming.get(offer)?.offer;
      held.set(`${thread} ${role}`, { bind: claimed?.bind ?? "thread", since: clock.now() });
      own.set(`${thread} ${role}`, true);
      if (heartbeat) options.held(thread, heartbeat.every);
      note({ level: "info", what: "claim.accepted", message: role, offer, thread });
      waiting.delete(offer);
      settle(offer);
    },
    reject({ offer, reason }) {
      note({ level: "info", what: "claim.rejected", message: reason ?? "", offer });
      settle(offer);
    },
    endTurn(thread, role) {
      const key = `${thread} ${role}`;
      if (held.get(key)?.bind !== "turn") return;
      held.delete(key);
      consider();
    },
    assign: (thread, role) => void named.add(`${thread} ${role}`),
    endRole(thread, role) {
      named.delete(`${thread} ${role}`);
      if (held.delete(`${thread} ${role}`)) consider();
    },
    endThread(thread) {
      for (const key of held.keys()) if (key.startsWith(`${thread} `)) held.delete(key);
      consider();
    },
    holds: (thread) => [...held.keys(), ...named].some((key) => key.startsWith(`${thread} `)),
    isOwn: (thread, role) => own.get(`${thread} ${role}`) === true,
    hasClaims: () => claiming.size > 0,
    decided: () => (claiming.size === 0 ? Promise.resolve() : new Promise((resolve) => deciders.push(resolve))),
    resync,
    stop() {
      stopped = true;
      waiting.clear();
      stopTimer?.();
    },
  };
}

function readDecision(decision: OfferDecision): { kind?: "nerve.offer.claim" | "nerve.offer.decline"; data: { [member: string]: Json } } {
  if (decision === "claim") return { kind: "nerve.offer.claim", data: {} };
  if (decision === "decline") return { kind: "nerve.offer.decline", data: { reason: "declined" } };
  if (decision === "ignore") return { data: {} };
  if ("bid" in decision) return { kind: "nerve.offer.claim", data: { ...decision } };
  return { kind: "nerve.offer.decline", data: { reason: decision.decline } };
}
