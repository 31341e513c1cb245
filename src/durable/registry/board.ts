/**
 * The board of open offers, in memory: what threads offer now, and which agents are there. What of it is lost comes back: threads
 * renew their offers, and agents look at connect and poll. Knows ports, not the platform.
 */
import type { CloudEvent } from "../../contract/event.ts";
import { makeEngineEvent } from "../../contract/kinds/make-engine-event.ts";
import type { AgentCard } from "../../contract/views/agent.ts";
import type { Attending, BoardPage, BoardRpc, OfferHint, OpenOffer, Posted } from "../protocol/board.ts";
import { judgeCard } from "../thread/eligibility/judge-claim.ts";
import { boardLimits } from "./board-limits.ts";
import { createPendingNotes } from "./pending-notes.ts";
import { createPostings, type Posting } from "./postings.ts";
import { createPresentAgents, type PresentAgents } from "./present-agents.ts";

export interface BoardPorts {
  /** Milliseconds since the epoch. */
  now(): number;
  /** {@link Board.alarm} is to be called then. */
  setAlarm(at: number): void;
  /** Agents that are online by what D1 has: those of before this board. */
  readOnline(): Promise<AgentCard[]>;
  /** What threads offer that wait for a claim by what D1 has. */
  readOpen(): Promise<OpenOffer[]>;
  /** What one thread offers. */
  ask(thread: string): Promise<OpenOffer[]>;
  /** Tells an agent's object; nobody waits for it. */
  tell(agent: string, hint: OfferHint): void;
}

export interface Board extends BoardRpc {
  /** Tells agents what has waited for so long that it goes by itself. */
  alarm(): void;
}

/** Whether the card may have the role that is offered, as far as a card tells. */
export function mayClaim({ terms }: OpenOffer, card: AgentCard): boolean {
  return judgeCard(terms.role, card, terms.workflow) === undefined;
}

/** @returns reads agents twice in a board's life, for the index lags: those of before it have no reason to come again */
function createAgentReading(isLate: () => boolean, readOnline: BoardPorts["readOnline"], agents: PresentAgents): () => Promise<void> {
  let reading: Promise<void> | undefined;
  let readLast = false;
  return () => {
    const isLast = isLate();
    if (isLast && !readLast) reading = undefined;
    readLast ||= isLast;
    reading ??= readOnline()
      .then((cards) => agents.adopt(cards, isLast))
      .catch((error: unknown) => {
        reading = undefined;
        console.warn(JSON.stringify({ at: "board", error: String(error) }));
      });
    return reading;
  };
}

/**
 * That those are over which an agent knows and this board does not: it begins anew whenever little goes on, and only their threads know.
 * One that can't be asked is asked at the next look.
 */
async function askAbout(unknown: readonly string[], { ask, now }: BoardPorts, found: (offer: OpenOffer) => void): Promise<CloudEvent[]> {
  const threads = Map.groupBy(unknown, (offer) => offer.slice(0, offer.indexOf(":")));
  const asked = [...threads].slice(0, boardLimits.askedAtOnce).map(async ([thread, ids]) => {
    const open = await ask(thread);
    for (const offer of open) found(offer);
    const over = ids.filter((id) => !open.some(({ offer }) => offer === id));
    return over.map((offer) => {
      // The id is that of what the thread says itself, which may come yet.
      const own = { id: `${offer}.closed`, source: `/threads/${thread}`, correlationid: thread, causationid: `${offer}.opened.0` };
      return makeEngineEvent("nerve.offer.closed", own, now(), { offer, why: "over" });
    });
  });
  return (await Promise.allSettled(asked)).flatMap((answer) => (answer.status === "fulfilled" ? answer.value : []));
}

export function createBoard(ports: BoardPorts): Board {
  const { now, setAlarm, readOnline, readOpen, tell } = ports;
  const begun = now();
  const agents = createPresentAgents(now);
  const offers = createPostings(now);
  const closed = new Map<string, CloudEvent>();
  const notes = createPendingNotes(now);
  const readAgents = createAgentReading(() => now() - begun >= boardLimits.readsAgain, readOnline, agents);
  let alarmAt: number | undefined;
  let asked = Number.NEGATIVE_INFINITY;
  let asking: Promise<void> | undefined;

  const isYoung = (): boolean => now() - begun < boardLimits.young;

  /** A thread says that it offers it. */
  function keepOpen(offer: OpenOffer): void {
    if (!offers.has(offer.offer) && !closed.has(offer.offer)) offers.keep(offer);
  }

  /** What threads offered on the board before this one, so that whoever asks this one finds it. */
  function readOffers(): Promise<void> {
    if (asking || !isYoung() || now() - asked < boardLimits.asksAgain) return asking ?? Promise.resolve();
    asked = now();
    asking = readOpen()
      .then((open) => {
        for (const offer of open) keepOpen(offer);
      })
      .catch((error: unknown) => console.warn(JSON.stringify({ at: "board", error: String(error) })))
      .finally(() => {
        asking = undefined;
      });
    return asking;
  }

  function note(posting: Posting, agent: string): void {
    notes.shown(agent, posting.offer.offer);
    offers.noteTold(posting, agent);
  }

  function arm(): void {
    const due = notes.due();
    if (due === undefined || (alarmAt !== undefined && alarmAt <= due && alarmAt > now())) return;
    alarmAt = due;
    setAlarm(due);
  }

  function rememberClosed(id: string, event: CloudEvent): void {
    closed.set(id, event);
    if (closed.size > boardLimits.closed) closed.delete(closed.keys().next().value as string);
  }

  return {
    async post(offer, opening, absent): Promise<Posted> {
      await readAgents();
      for (const { agent, at } of absent) agents.leave(agent, at);
      if (closed.has(offer.offer)) return { present: [], fresh: [], along: [] };
      const posting = offers.keep(offer);
      const present = agents.find(offer.terms.role.eligibility, (card) => mayClaim(offer, card));
      const fresh = opening ? present : present.filter((agent) => posting && !posting.told.has(agent));
      const along = notes.take(fresh);
      if (posting) for (const agent of fresh) note(posting, agent);
      offers.forgetTold();
      arm();
      return { present, fresh, along, ...(!posting && { unposted: true }) };
    },
    async close(id, event, shown, but) {
      // Said once more, in case that the board was lost.
      if (closed.has(id)) return undefined;
      const known = offers.find(id)?.told ?? [];
      offers.drop(id);
      rememberClosed(id, event);
      await readAgents();
      for (const agent of new Set([...shown, ...known])) {
        // To a new board those that were shown it come back only now.
        if (agent === but || !(agents.has(agent) || now() - begun < boardLimits.comeBack)) notes.forget(agent, id);
        else notes.closed(agent, id, event);
      }
      arm();
      return undefined;
    },
    async attend({ card, until, known }: Attending): Promise<BoardPage> {
      if (until !== 0) agents.come(card, until);
      const noted = notes.takeOf(card.id);
      await readOffers();
      // Threads had the time to renew all that is open.
      const isWhole = now() - begun >= boardLimits.kept;
      const unknown = known.filter((id) => !offers.has(id) && !closed.has(id));
      const over = isWhole ? [] : await askAbout(unknown, ports, keepOpen);
      const open: OpenOffer[] = [];
      for (const posting of offers.list()) {
        if (!mayClaim(posting.offer, card)) continue;
        note(posting, card.id);
        open.push(posting.offer);
      }
      offers.forgetTold();
      arm();
      const gone = known.filter((id) => !offers.has(id));
      return {
        offers: open,
        // An object that a crash has made anew knows nothing of what it has shown.
        closed: [...new Set([...gone.flatMap((id) => closed.get(id) ?? []), ...noted, ...over])],
        over: isWhole ? unknown : [],
        young: isYoung(),
      };
    },
    async leave(agent, at) {
      agents.leave(agent, at);
      notes.forget(agent);
    },
    alarm() {
      alarmAt = undefined;
      for (const [agent, hint] of notes.takeDue()) tell(agent, hint);
      arm();
    },
  };
}
