/**
 * What one agent plays: the roles that it holds, and the claims whose verdict is still to come. Each takes a slot, and each
 * has a time for which the agent may be silent. Knows mail, not clocks nor other objects.
 */
import type { Resident } from "../../host/store/collections.ts";
import type { Mail } from "../../protocol/agent.ts";
import { type Claim, createPendingClaims, type PendingClaims } from "./pending-claims.ts";

/** A part in a thread, as its thread is told of it. A claim has no generation yet. */
export interface Part {
  thread: string;
  role: string;
  generation?: number;
}

export interface Assignment {
  thread: string;
  role: string;
  workflow: string;
  type: string;
  generation: number;
  /** Milliseconds between two signs of life. */
  every: number;
  /** Milliseconds of silence that make its holder away. */
  silence: number;
  /** Milliseconds away that make its holder lost; null: it is waited for, however long. */
  grace: number | null;
  since: number;
  away: boolean;
}

/** What an agent plays, kept. */
export interface PartDocuments {
  assignments: Resident<Assignment>;
  claims: Resident<Claim>;
}

export interface Assignments {
  /** Takes in what mail says of roles and offers; within its transaction. */
  note(mail: Mail, now: number): void;
  /** A claim is on its way: it counts from now on, and is written with the next commit. */
  reserve(claim: { offer: string; thread: string; role: string; silence: number; at: number }): void;
  /** Whether the claim is in memory alone. */
  isUnwritten(offer: string): boolean;
  /** Writes claims that are in memory alone; first in every transaction. @returns whether there were any */
  writeClaims(): boolean;
  /** Forgets a claim that came to nothing, if it is in memory alone. @returns whether it was */
  drop(offer: string): boolean;
  /** The claim came to nothing; within a transaction. */
  release(offer: string): void;
  /** Slots in use, but for the claim of that offer. */
  countUsed(offer?: string): number;
  /** Sorted by thread and role. */
  list(): Assignment[];
  /** How many there are. */
  size(): number;
  isClaimed(offer: string): boolean;
  /** Claims whose verdict is to come. */
  listClaims(): { offer: string; thread: string; role: string }[];
  /** The threads that the agent plays in or may soon. */
  listThreads(): string[];
  /** Whether the agent has any part. */
  any(): boolean;
  /** The shortest silence that makes it away from one of its parts. */
  shortest(): number | undefined;
  /** Whether a thread was told that the agent is away and plays on in it. */
  away(): boolean;
  /** When the first part is silent for too long, if the last sign was at `sign`. */
  findSilentAt(sign: number, now: number): number | undefined;
  /** When the first of those who are away is lost. */
  findLostAt(sign: number, now: number): number | undefined;
  /** Marks parts away whose time is over, at most so many, and returns them; within a transaction. */
  takeSilent(sign: number, now: number, limit: number): Part[];
  /** Marks parts as there again, at most so many, and returns those that hold a role; within a transaction. */
  takeAway(limit: number): Part[];
  /** The clock went back: what was given later than now was given now; within a transaction. */
  reset(now: number): void;
  /** Forgets claims of before that time: their verdict never comes. */
  expire(before: number): void;
  /** The agent is gone; within a transaction. */
  clear(): void;
  /** The transaction held. */
  keep(): void;
  /** The transaction was rolled back, or did not begin. */
  undo(): void;
}

export function createAssignments({ assignments, claims: stored }: PartDocuments): Assignments {
  const claims = createPendingClaims(stored);
  let facts: { parts: readonly (Assignment | Claim)[]; shortest: number | undefined; away: boolean } | undefined;

  function summarize(): NonNullable<typeof facts> {
    if (facts) return facts;
    let shortest: number | undefined;
    let away = false;
    const parts: (Assignment | Claim)[] = assignments.values();
    for (const part of parts) away ||= part.away;
    parts.push(...claims.values());
    for (const { silence } of parts) if (shortest === undefined || silence < shortest) shortest = silence;
    facts = { parts, shortest, away };
    return facts;
  }

  const forgetFacts = (): void => {
    facts = undefined;
  };

  function deleteClaim(offer: string): void {
    if (claims.delete(offer)) forgetFacts();
  }

  function endThread(ended: string): void {
    for (const { thread, role } of assignments.values()) if (thread === ended) assignments.delete(nameOf(thread, role));
    for (const [offer, { thread }] of claims.entries()) if (thread === ended) claims.delete(offer);
    forgetFacts();
  }

  function assign({ held, lost: _, ...seat }: NonNullable<Mail["seat"]>, now: number): void {
    const name = nameOf(seat.thread, seat.role);
    if (held) assignments.put(name, { ...toAssignment(seat), since: now, away: false });
    else if ((assignments.get(name)?.generation ?? Number.POSITIVE_INFINITY) <= seat.generation) assignments.delete(name);
    forgetFacts();
  }

  return {
    note({ seat, ends, claim, endsThread }, now) {
      for (const offer of [ends, claim]) if (offer !== undefined) deleteClaim(offer);
      if (endsThread !== undefined) endThread(endsThread);
      if (seat) assign(seat, now);
    },
    reserve({ offer, thread, role, silence, at }) {
      if (claims.get(offer)) return;
      claims.reserve(offer, { thread, role, silence, since: at, away: false });
      forgetFacts();
    },
    isUnwritten: claims.isUnwritten,
    writeClaims: claims.write,
    drop(offer) {
      forgetFacts();
      return claims.drop(offer);
    },
    release: deleteClaim,
    countUsed: (offer) => assignments.size() + claims.size() - (offer !== undefined && claims.get(offer) ? 1 : 0),
    list: () => assignments.entries().map(([, assignment]) => assignment),
    size() {
      return assignments.size();
    },
    isClaimed: (offer) => claims.get(offer) !== undefined,
    listClaims: () =>
      claims
        .entries()
        .sort(([, a], [, b]) => a.since - b.since)
        .map(([offer, { thread, role }]) => ({ offer, thread, role })),
    listThreads: () => [...new Set([...assignments.values(), ...claims.values()].map(({ thread }) => thread))],
    any() {
      return summarize().parts.length > 0;
    },
    shortest() {
      return summarize().shortest;
    },
    away() {
      return summarize().away;
    },
    findSilentAt: (sign, now) =>
      findFirst(summarize().parts, (part) => (part.away ? undefined : findHeard(part, sign, now) + part.silence)),
    findLostAt: (sign, now) =>
      findFirst(assignments.values(), (part) =>
        part.away && part.grace !== null ? findHeard(part, sign, now) + part.silence + part.grace : undefined,
      ),
    takeSilent(sign, now, limit) {
      forgetFacts();
      return takeSilent({ assignments, claims }, sign, now, limit);
    },
    takeAway(limit) {
      // Don't revive a dropped claim: its verdict is on its way.
      const back = assignments
        .entries()
        .filter(([, { away }]) => away)
        .slice(0, limit);
      for (const [name, part] of back) assignments.put(name, { ...part, away: false });
      forgetFacts();
      return back.map(([, { thread, role, generation }]) => ({ thread, role, generation }));
    },
    reset(now) {
      for (const part of assignments.values())
        if (part.since > now) assignments.put(nameOf(part.thread, part.role), { ...part, since: now });
      for (const [offer, part] of claims.entries()) if (part.since > now) claims.put(offer, { ...part, since: now });
      forgetFacts();
    },
    expire(before) {
      for (const [offer, { since }] of claims.entries()) if (since < before) deleteClaim(offer);
    },
    clear() {
      assignments.clear();
      claims.clear();
      forgetFacts();
    },
    keep: claims.keep,
    undo() {
      claims.undo();
      forgetFacts();
    },
  };
}

function takeSilent(
  { assignments, claims }: { assignments: PartDocuments["assignments"]; claims: PendingClaims },
  sign: number,
  now: number,
  limit: number,
): Part[] {
  const taken: Part[] = [];
  const isSilent = (part: Assignment | Claim): boolean =>
    !part.away && taken.length < limit && findHeard(part, sign, now) + part.silence <= now;
  for (const [name, part] of assignments.entries()) {
    if (!isSilent(part)) continue;
    assignments.put(name, { ...part, away: true });
    taken.push({ thread: part.thread, role: part.role, generation: part.generation });
  }
  for (const [offer, part] of claims.entries()) {
    if (!isSilent(part)) continue;
    claims.put(offer, { ...part, away: true });
    taken.push({ thread: part.thread, role: part.role });
  }
  return taken;
}

/** The key of an assignment: ids of threads have no space. */
function nameOf(thread: string, role: string): string {
  return `${thread} ${role}`;
}

function toAssignment({
  thread,
  role,
  workflow,
  type,
  generation,
  every,
  silence,
  grace,
}: Omit<Assignment, "since" | "away">): Omit<Assignment, "since" | "away"> {
  return { thread, role, workflow, type, generation, every, silence, grace };
}

/** The later of the last sign and the assignment, but never in the future, in case the clock went back. */
function findHeard({ since }: { since: number }, sign: number, now: number): number {
  return Math.min(now, Math.max(since, sign));
}

function findFirst<P>(parts: Iterable<P>, findTime: (part: P) => number | undefined): number | undefined {
  let first: number | undefined;
  for (const part of parts) {
    const time = findTime(part);
    if (time !== undefined) first = Math.min(first ?? time, time);
  }
  return first;
}
