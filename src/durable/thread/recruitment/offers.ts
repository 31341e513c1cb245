/**
 * The thread's offers: opened, shown to who is there, renewed on the board while they are open, closed. What the machine says to
 * `offers` lands here. What agents are told are hints: the thread keeps the offer, and the board a copy for whoever comes later.
 */
import type { RecruitmentContext } from "../../../../machines/recruitment/context.ts";
import type { RoleIr, WorkflowIr } from "../../../compile/ir.ts";
import { collectsClaims } from "../../../compile/lower/party.ts";
import { formatDuration } from "../../../contract/format-duration.ts";
import type { OpenOffer, Posted } from "../../protocol/board.ts";
import type { OwnMessage } from "../../protocol/own-places.ts";
import { findSetApart } from "../eligibility/judge-claim.ts";
import { readThread, type ThreadDocuments, type ThreadRow } from "../lifecycle/thread-rows.ts";
import { describeHeartbeat, makeThreadEvent } from "../log/make-event.ts";
import { threadLimits } from "../thread-schema.ts";
import { findNextLook } from "./next-look.ts";
import { type OfferRecords, type Reply, type RoleOffer, readOfferNumber } from "./offer-records.ts";
import { createOpenedNotes, type OpenedNotes } from "./opened-notes.ts";
import { makeOfferId } from "./recruitment-logic.ts";
import { createOfferWatches, type OfferWatchPorts } from "./watch-offers.ts";

export interface Offers {
  /** What the machine says, in the transaction of its step; the board and agents hear of it when that has held. */
  take(fact: OwnMessage<"offer.open" | "offer.close">, ir: WorkflowIr): void;
  /** Puts an offer on the board that was just opened, and tells whoever is there. */
  show(offer: string, ir: WorkflowIr, holders: Holders): Promise<void>;
  /** To whom offers were made. */
  notes: Pick<OpenedNotes, "write" | "keep" | "undo" | "isEmpty">;
  /** Renews the offers whose time has come; resolves to what is to be written, or undefined. */
  renew(ir: WorkflowIr, holders: Holders): Promise<(() => void) | undefined>;
  /** What is open now. */
  list(ir: WorkflowIr, holders: Holders): OpenOffer[];
  /** Whether claims are collected for the offer and nobody is waited for: all who were asked have answered, or went away. */
  isSettled(offer: string, role: RoleIr): boolean;
  /** Offers of which that holds: the machine need not wait longer. */
  listSettled(ir: WorkflowIr): { role: string; offer: number }[];
  /** When the next offer is renewed, or the board told again of one that closed. */
  due(): number | undefined;
}

/** Who holds what: those whom a role's `not` sets apart are not asked. */
type Holders = Pick<RecruitmentContext, "seats" | "last">;

export interface OffersPorts extends OfferWatchPorts {
  lifecycle: ThreadDocuments;
  records: OfferRecords;
  log(event: ReturnType<typeof makeThreadEvent>, thread: string): void;
  /** An offer was opened, and its transaction may have held. */
  opened(offer: string): Promise<void>;
}

/**
 * Tells the board of what has closed: at once, and once more when it has told those who were shown the offer. A board that was lost
 * in between knows nothing of them, and their sockets sleep: without the second time they would take the offer for open.
 */
function createClosing({ board, scheduler, records, clock }: Pick<OffersPorts, "board" | "scheduler" | "records" | "clock">) {
  /** Of which the board was told in this life of the object: whoever was shown it. */
  const told = new Map<string, readonly string[]>();
  /** Of which it was told once more. */
  const again = new Set<string>();
  /** When it is told of those of which it could not be. */
  const late = new Map<string, number>();

  async function tellClosed(offer: RoleOffer, why: string, at: number, thread: ThreadRow, present: Iterable<string>): Promise<void> {
    const shown = [...new Set([...(offer.asked ?? []), ...(told.get(offer.id) ?? []), ...present])];
    told.set(offer.id, shown);
    late.delete(offer.id);
    if (at + threadLimits.closedAgain <= clock.now()) again.add(offer.id);
    try {
      await board.close(offer.id, makeClosedEvent(offer.id, why, thread, at), shown, records.findWinner(offer, why));
    } catch {
      again.delete(offer.id);
      late.set(offer.id, clock.now() + threadLimits.scanFirst);
    }
  }

  /** Closed offers that the board is to be told of once more, and when. */
  function listAgain(): [offer: RoleOffer, at: number][] {
    return records
      .listClosed(clock.now() - threadLimits.boardKeeps)
      .filter((offer) => {
        if (again.has(offer.id)) return false;
        if (late.has(offer.id)) return true;
        // The winner was told with its claim's acceptance.
        const winner = records.findWinner(offer, offer.closed ?? "");
        return (told.get(offer.id) ?? offer.asked ?? []).some((agent) => agent !== winner);
      })
      .map((offer) => [offer, late.get(offer.id) ?? (offer.closedAt ?? 0) + threadLimits.closedAgain]);
  }

  return {
    tellClosed,
    /** A crash may have come between what was written and what the board was to hear, or what the board was to tell. */
    tellClosedAgain(thread: ThreadRow): void {
      for (const [offer, at] of listAgain())
        if (at <= clock.now() || !told.has(offer.id))
          scheduler.background(tellClosed(offer, offer.closed ?? "", offer.closedAt ?? 0, thread, []));
    },
    listAgain: () => listAgain().map(([, at]) => at),
  };
}

/** Whether an agent that was told no may be told yes by now: it is asked once more. */
function mayHaveChanged({ text }: Reply, replies: ReadonlyMap<string, Reply>): boolean {
  if (text.startsWith("refused:") || text.startsWith("rejected: holds:") || text === "rejected: away") return true;
  return text === "rejected: outscored" && ![...replies.values()].some((other) => other.text === "claimed");
}

export function createOffers({ lifecycle, clock, scheduler, board, hint, records, log, opened }: OffersPorts): Offers {
  const watches = createOfferWatches({ clock, scheduler, board, hint });
  const { watch, tell, post, isWaitedFor } = watches;
  const notes = createOpenedNotes(records, log);
  const { tellClosed, tellClosedAgain, listAgain } = createClosing({ board, scheduler, records, clock });

  /** It is known who was there: whoever was is told. */
  function open({ role, id }: RoleOffer, offer: OpenOffer, { present, along }: Posted, thread: ThreadRow): void {
    const to =
      present.length > 0 && present.length <= threadLimits.namedAtMost ? present.map((agent) => `agents/${agent}`) : [`role:${role}`];
    notes.add({ offer: id, asked: present, event: { ...offer.event, to: to.join(",") }, thread: thread.id });
    tell(id, present, { opened: offer }, along);
  }

  function close(id: string, why: string, thread: ThreadRow): void {
    const now = clock.now();
    records.close(id, why, now);
    log(makeClosedEvent(id, why, thread, now), thread.id);
    afterCommit(async () => {
      const offer = records.find(id);
      // The transaction may have been rolled back.
      if (offer?.closed !== why) return;
      const { present = [] } = watch(id);
      watches.forget(id);
      await tellClosed(offer, why, now, thread, present);
    });
  }

  const afterCommit = (work: () => Promise<void>): void => scheduler.background(Promise.resolve().then(work));

  async function renewOne(offer: RoleOffer, role: RoleIr, apart: ReadonlyMap<string, string>, thread: ThreadRow) {
    const now = clock.now();
    const known = watch(offer.id);
    known.next = findNextLook(offer.opened, now);
    const shown = makeOpenOffer(offer, role, apart, thread, offer.opened);
    const opening = offer.asked === null;
    const posted = await post(shown, offer.asked);
    if (records.find(offer.id)?.closed !== null) return undefined;
    if (!posted) {
      known.next = now + threadLimits.scanFirst;
      return undefined;
    }
    if (opening) {
      open(offer, shown, posted, thread);
      return undefined;
    }
    tell(offer.id, posted.fresh, { opened: shown }, posted.along);
    const replies = records.readReplies(offer);
    const again = posted.present.filter((agent) => {
      const reply = replies.get(agent);
      return reply !== undefined && mayHaveChanged(reply, replies);
    });
    if (!again.length) return undefined;
    return () => {
      for (const agent of again) records.forgetReply(role.name, agent);
      const anew = makeOpenOffer(offer, role, apart, thread, now);
      afterCommit(async () => tell(offer.id, again, { opened: anew, again: true }, []));
    };
  }

  function isSettled(id: string, role: RoleIr): boolean {
    const offer = collectsClaims(role) ? records.find(id) : undefined;
    if (!offer || offer.closed !== null || offer.asked === null) return false;
    const replies = records.readReplies(offer);
    return (
      [...replies.values()].some(({ text }) => text === "claimed") &&
      !offer.asked.some((agent) => !replies.has(agent) && isWaitedFor(id, agent))
    );
  }

  return {
    notes,
    isSettled,
    list: (ir, holders) => listOpenOffers(records, readThread(lifecycle), ir, holders),
    due() {
      const times = [...records.listOpen().map(({ id }) => watch(id).next), ...listAgain()];
      return times.length ? Math.min(...times) : undefined;
    },
    take(fact, ir) {
      const thread = readThread(lifecycle) as ThreadRow;
      const place = ir.roles.findIndex(({ name }) => name === fact.role);
      const id = makeOfferId(thread.id, place, fact.offer);
      if (fact.type === "offer.close") return close(id, fact.why, thread);
      const now = clock.now();
      // Whom it is made to is known when the board has it, which it is asked for again if a crash comes before that.
      records.put(fact.role, { id, opened: now, expires: now + fact.timeout, closed: null, asked: null });
      watch(id).next = findNextLook(now, now);
      afterCommit(() => opened(id));
    },
    async show(id, ir, holders) {
      const offer = records.find(id);
      const role = ir.roles.find(({ name }) => name === offer?.role);
      if (!offer || !role || offer.closed !== null || offer.asked !== null) return;
      await renewOne(offer, role, findSetApart(ir, role, holders), readThread(lifecycle) as ThreadRow);
    },
    async renew(ir, holders) {
      const now = clock.now();
      tellClosedAgain(readThread(lifecycle) as ThreadRow);
      const due = records.listOpen().filter(({ id }) => watch(id).next <= now);
      if (!due.length) return undefined;
      const thread = readThread(lifecycle) as ThreadRow;
      const writes: (() => void)[] = [];
      for (const offer of due) {
        const role = ir.roles.find(({ name }) => name === offer.role);
        const write = role && (await renewOne(offer, role, findSetApart(ir, role, holders), thread));
        if (write) writes.push(write);
      }
      return writes.length
        ? () => {
            for (const write of writes) write();
          }
        : undefined;
    },
    listSettled: (ir) =>
      records.listOpen().flatMap(({ id, role }) => {
        const known = ir.roles.find(({ name }) => name === role);
        return known && isSettled(id, known) ? [{ role, offer: readOfferNumber(id) }] : [];
      }),
  };
}

function listOpenOffers(records: OfferRecords, thread: ThreadRow | undefined, ir: WorkflowIr, holders: Holders): OpenOffer[] {
  return records.listOpen().flatMap((offer) => {
    const role = ir.roles.find(({ name }) => name === offer.role);
    return thread && role ? [makeOpenOffer(offer, role, findSetApart(ir, role, holders), thread, offer.opened)] : [];
  });
}

function makeClosedEvent(offer: string, why: string, thread: ThreadRow, at: number): ReturnType<typeof makeThreadEvent> {
  return makeThreadEvent(thread.id, `${offer}.closed`, "nerve.offer.closed", thread.event.id, at, { offer, why });
}

/**
 * An offer as agents and the board are given it.
 * @param shown when it is said: what is said once more is another event
 */
function makeOpenOffer(offer: RoleOffer, role: RoleIr, apart: ReadonlyMap<string, string>, thread: ThreadRow, shown: number): OpenOffer {
  const { all, agents, notAgents } = role.eligibility;
  const event = makeThreadEvent(thread.id, `${offer.id}.opened.${shown - offer.opened}`, "nerve.offer.opened", thread.event.id, shown, {
    offer: offer.id,
    thread: thread.id,
    workflow: thread.workflow,
    role: role.name,
    goal: typeof role.fields.goal === "string" ? role.fields.goal : "",
    requires: all,
    bind: role.bind,
    heartbeat: describeHeartbeat(role),
    turn: { timeout: formatDuration(role.turn.timeout) },
    expires: new Date(offer.expires).toISOString(),
  });
  const eligibility = { all, ...(agents && { agents }), notAgents: [...notAgents, ...apart.keys()] };
  return { offer: offer.id, event, expires: offer.expires, terms: { workflow: thread.workflow, role: { name: role.name, eligibility } } };
}
