/** Judges offers and claims them while a slot is free. A claim takes a slot until it is rejected or its role ends. */
import type { CloudEvent, Json } from "../contract/event.ts";
import type { OfferOpened } from "../contract/kinds/offer.ts";
import { createClaims } from "./claims.ts";
import { ClientError, describeError } from "./client-error.ts";
import type { Clock } from "./clock.ts";
import { completeEvent } from "./complete-event.ts";
import type { OfferDecision, OfferHandler } from "./handlers.ts";
import { createHeldRoles } from "./held-roles.ts";
import { clientLimits } from "./limits.ts";
import type { Me, MeReader } from "./me.ts";
import type { Note, TakeNote } from "./note.ts";
import type { Outbox } from "./outbox.ts";
import { createResyncs } from "./resyncs.ts";

/** Takes offers and what becomes of them. */
export interface Offers {
  /**
   * An offer is open: claimed, refused, or kept until a slot is free.
   * @param said the event that said so, or when `/v1/me` was asked for it: a list that is older than the offer's verdict changes nothing
   */
  open(offer: OfferOpened, said: CloudEvent | number): void;
  close(offer: string): void;
  /**
   * Decides an offer that was left open.
   * @returns false where nothing is sent: it is being decided, or no slot is free for a claim
   */
  decide(offer: OfferOpened, decision: OfferDecision): boolean;
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
  const claims = createClaims(clock, note);
  const held = createHeldRoles(clock);
  const resyncs = createResyncs({ me, clock, resync, consider });
  const isFull = () => held.size() + claims.size() >= slots;
  let stopped = false;

  function consider() {
    claims.wakeDecided();
    for (const [id, { offer, event }] of waiting) {
      if (stopped || isFull()) break;
      waiting.delete(id);
      claims.begin(offer);
      void judge(offer, event, decide);
    }
    if (!stopped && (waiting.size > 0 || claims.hasConflict())) resyncs.ask();
  }

  async function judge(offer: OfferOpened, event: CloudEvent | undefined, decideIt: OfferHandler) {
    const about = { offer: offer.offer, thread: offer.thread };
    try {
      const { kind, verb = "claim", data } = readDecision(await decideIt(offer));
      if (kind === undefined) return free(offer.offer);
      if (verb === "decline") free(offer.offer);
      await outbox.send(makeDecision(offer, event, { kind, verb, data }), "own");
      if (verb === "claim" && claims.mark(offer.offer, "taken")) consider();
      note({ level: "info", what: `offer.${verb}`, message: `${offer.workflow}/${offer.role}`, ...about });
    } catch (error) {
      const code = error instanceof ClientError ? error.code : undefined;
      // An earlier claim, with another bid, was taken; the verdict on it is still to come.
      if (code === "id_conflict") return claims.mark(offer.offer, "conflict") ? consider() : undefined;
      settle(offer.offer);
      note({ ...describeLoss(error, code), ...about });
    }
  }

  function free(offer: string) {
    if (claims.end(offer)) consider();
  }

  function settle(offer: string) {
    claims.noteVerdict(offer);
    free(offer);
  }

  function resync(now: Me, asked: number) {
    const before = held.size() + claims.size();
    claims.dropUnknown(now.claims, asked);
    held.resync(now.rolesHeld, asked);
    if (held.size() + claims.size() < before) resyncs.hurry();
    consider();
  }

  return {
    open(offer, said) {
      const old = typeof said === "number" && claims.hadVerdictSince(offer.offer, said);
      if (stopped || old || claims.find(offer.offer)) return;
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
    decide(offer, decision) {
      const full = isFull() && readDecision(decision).verb === "claim";
      if (stopped || full || claims.find(offer.offer)) return false;
      claims.begin(offer);
      void judge(offer, waiting.get(offer.offer)?.event, () => decision);
      waiting.delete(offer.offer);
      return true;
    },
    accept({ offer, thread, role, heartbeat = claims.find(offer)?.heartbeat }) {
      held.claim(thread, role, claims.find(offer)?.bind ?? "thread");
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
      if (held.endTurn(thread, role)) consider();
    },
    assign: held.assign,
    endRole(thread, role) {
      if (held.endRole(thread, role)) consider();
    },
    endThread(thread) {
      held.endThread(thread);
      consider();
    },
    holds: held.holds,
    isOwn: held.isOwn,
    hasClaims: () => claims.size() > 0,
    decided: claims.decided,
    resync,
    stop() {
      stopped = true;
      waiting.clear();
      resyncs.stop();
    },
  };
}

function describeLoss(error: unknown, code: ClientError["code"] | undefined): Note {
  const level = code === "offer_closed" || code === "closed" ? "info" : "warn";
  return { level, what: "offer.lost", message: describeError(error), ...(code ? { code } : {}) };
}

/** One claim per offer, whoever repeats it: the id follows from the offer. */
function makeDecision(
  { offer, thread }: OfferOpened,
  event: CloudEvent | undefined,
  { kind, verb, data }: { kind: string; verb: string; data: { [member: string]: Json } },
) {
  const causation = { correlationid: thread, ...(event ? { causationid: event.id } : {}) };
  return completeEvent({ id: `${verb}:${offer}`, type: kind, data: { offer, ...data }, ...causation });
}

interface ReadDecision {
  kind?: "nerve.offer.claim" | "nerve.offer.decline";
  verb?: "claim" | "decline";
  data: { [member: string]: Json };
}

function readDecision(decision: OfferDecision): ReadDecision {
  if (decision === "ignore") return { data: {} };
  if (decision === "claim") return { kind: "nerve.offer.claim", verb: "claim", data: {} };
  if (decision === "decline") return { kind: "nerve.offer.decline", verb: "decline", data: { reason: "declined" } };
  if ("bid" in decision) return { kind: "nerve.offer.claim", verb: "claim", data: { ...decision } };
  return { kind: "nerve.offer.decline", verb: "decline", data: { reason: decision.decline } };
}
