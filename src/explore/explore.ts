/** Walks every world that can be reached, breadth first, up to limits, and keeps the shortest way to each. */
import type { Model } from "./model.ts";
import { type By, listMoves, type Move } from "./moves.ts";
import type { Outcome, StepFault, Stepper } from "./stepper.ts";
import { keyWorld, type World } from "./world.ts";

/** A way from one world to another. */
export interface Way {
  to: number;
  by: By;
  resumes: boolean;
}

/** A world that was reached. */
export interface Visit {
  world: World;
  /** The visit it was first reached from, and what was told on the way; -1 for the beginning. */
  from: number;
  told: string[];
  ways: Way[];
  /** Whether its moves were listed. They were not where a limit ended the walk first. */
  expanded: boolean;
}

/** A fault of one step, and where it was first met. */
export interface FoundFault extends StepFault {
  /** The visit before it. */
  at: number;
  told: string[];
}

/** All that a walk found. */
export interface Exploration {
  visits: Visit[];
  faults: FoundFault[];
  /** Roles that were given a turn. */
  played: Set<string>;
  /** False where a limit ended it. */
  complete: boolean;
}

/** When to give up. */
export interface ExploreLimits {
  states: number;
  /** Whether the time is up; asked often. */
  isLate(): boolean;
}

function tell(move: Move, outcome: Outcome): string[] {
  return [...(move.told === "" ? [] : [move.told]), ...outcome.told];
}

/** Explores from the given beginnings. */
export function explore(model: Model, stepper: Stepper, beginnings: Outcome[], limits: ExploreLimits): Exploration {
  const visits: Visit[] = [];
  const known = new Map<string, number>();
  const faults = new Map<string, FoundFault>();
  const played = new Set<string>();
  let complete = true;

  function note(outcome: Outcome, at: number, told: string[]): void {
    for (const role of outcome.played) played.add(role);
    for (const fault of outcome.faults) {
      const key = `${fault.kind}|${fault.detail}`;
      if (!faults.has(key)) faults.set(key, { ...fault, at, told });
    }
  }

  /** The visit of a world, added if it is new; undefined past the limit. */
  function reach(world: World, from: number, told: string[]): number | undefined {
    const key = keyWorld(world);
    const found = known.get(key);
    if (found !== undefined) return found;
    if (visits.length >= limits.states) {
      complete = false;
      return undefined;
    }
    known.set(key, visits.length);
    visits.push({ world, from, told, ways: [], expanded: false });
    return visits.length - 1;
  }

  for (const outcome of beginnings) {
    note(outcome, -1, outcome.told);
    reach(outcome.world, -1, outcome.told);
  }
  for (let at = 0; at < visits.length; at++) {
    if (at % 64 === 0 && limits.isLate()) {
      complete = false;
      break;
    }
    const visit = visits[at] as Visit;
    visit.expanded = true;
    for (const move of listMoves(model, stepper, visit.world))
      for (const outcome of move.outcomes) {
        const told = tell(move, outcome);
        note(outcome, at, told);
        const to = reach(outcome.world, at, told);
        if (to === undefined) visit.expanded = false;
        else if (to !== at) visit.ways.push({ to, by: move.by, resumes: move.resumes === true });
      }
  }
  return { visits, faults: [...faults.values()], played, complete };
}

/** What was told on the way to a visit, in order. */
export function tellWay(visits: Visit[], at: number): string[][] {
  const way: string[][] = [];
  for (let visit = visits[at]; visit; visit = visits[visit.from]) if (visit.told.length > 0) way.unshift(visit.told);
  return way;
}

/** Visits from which one of `goals` can be reached by `ways`. A visit that was not expanded counts as reaching anything. */
export function findReaching(visits: Visit[], isGoal: (visit: Visit) => boolean, allows: (way: Way) => boolean): Set<number> {
  const into: number[][] = visits.map(() => []);
  for (const [from, { ways }] of visits.entries()) for (const way of ways) if (allows(way)) into[way.to]?.push(from);
  const found = new Set<number>();
  for (const [at, visit] of visits.entries()) if (!visit.expanded || isGoal(visit)) found.add(at);
  const queue = [...found];
  for (let at = queue.pop(); at !== undefined; at = queue.pop())
    for (const from of into[at] ?? [])
      if (!found.has(from)) {
        found.add(from);
        queue.push(from);
      }
  return found;
}
