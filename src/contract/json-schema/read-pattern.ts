/**
 * Matches patterns in time that grows with the text, whatever the pattern is: all states are followed side by side, and sets of
 * states that were met before are remembered. Steps are counted, so that a caller can bound them.
 */
import { schemaLimits } from "../limits.ts";
import { type Automaton, buildAutomaton, countLooks, countStates } from "./build-automaton.ts";
import { spend, type Work } from "./count-work.ts";
import { parsePattern } from "./parse-pattern.ts";

/** A pattern that can be matched in linear time. */
export interface Pattern {
  /** States of its automaton: what a character costs at most. */
  states: number;
  /**
   * Whether it is found somewhere in the text.
   * @throws TooMuchWork
   */
  matches(text: string, work: Work): boolean;
}

/** A pattern, or why there is none. */
export type ReadPattern = { ok: true; pattern: Pattern } | { ok: false; linear: boolean; message: string };

/** Makes a pattern of its source; never throws. */
export function readPattern(source: string): ReadPattern {
  const parsed = parsePattern(source);
  if (!parsed.ok) return parsed;
  const { tree } = parsed;
  const states = countStates(tree);
  if (states > schemaLimits.patternStates || countLooks(tree) > schemaLimits.patternLooks) {
    const parts = states > schemaLimits.patternStates ? `${schemaLimits.patternStates} parts` : `${schemaLimits.patternLooks} look-arounds`;
    return { ok: false, linear: false, message: `the pattern, its repetitions written out, has more than ${parts}; use smaller counts` };
  }
  // Most patterns are given and not matched by: the automaton is built when it is first asked.
  let matcher: Matcher | undefined;
  const matches: Pattern["matches"] = (text, work) => {
    matcher ??= createMatcher(buildAutomaton(tree, work));
    return scan(matcher, text, work);
  };
  return { ok: true, pattern: { states, matches } };
}

/** A set of states, as it stands at a place; what follows depends on what is around the place. */
interface Met {
  states: number[];
  around: Map<number, Reached>;
}

/** What a set of states comes to without a character: whether to a match, which states take one, and where each leads. */
interface Reached {
  matched: boolean;
  states: number[];
  next: Map<string, Met>;
}

/** An automaton with what was met in it. */
interface Matcher {
  automaton: Automaton;
  looks: Matcher[];
  met: Map<string, Met>;
  first: Met;
  /** Numbers that are remembered, and how many may be, some 30 bytes each: beyond, all is forgotten. */
  size: number;
  sizeMax: number;
}

function createMatcher(automaton: Automaton): Matcher {
  return {
    automaton,
    looks: automaton.looks.map((look) => createMatcher(look.automaton)),
    met: new Map(),
    first: { states: [automaton.start], around: new Map() },
    size: 0,
    sizeMax: 1_000 + 8 * automaton.states.length,
  };
}

/** What stands beside a place: nothing, part of a word, something else. */
type Side = 0 | 1 | 2;

function sideOf(character: string): Side {
  return /^\w$/.test(character) ? 1 : 2;
}

/** Whether the pattern is found in the text. */
function scan(matcher: Matcher, text: string, work: Work): boolean {
  if (matcher.looks.length === 0) return run(matcher, text, false, undefined, undefined, work);
  const characters = [...text];
  return run(matcher, characters, false, findLooks(matcher, characters, work), undefined, work);
}

/** For each place of the text, which look-arounds hold there, as bits. */
function findLooks({ automaton, looks }: Matcher, characters: string[], work: Work): number[] {
  const bits = new Array<number>(characters.length + 1).fill(0);
  for (const [index, inner] of looks.entries()) {
    const { ahead = true, wanted = true } = automaton.looks[index] ?? {};
    spend(work, 3 * bits.length);
    const found = new Array<boolean>(bits.length).fill(false);
    const own = inner.looks.length > 0 ? findLooks(inner, characters, work) : undefined;
    // What lies ahead is read backwards from the end, so that one pass tells it of every place.
    run(inner, ahead ? characters.toReversed() : characters, ahead, ahead ? own?.toReversed() : own, found, work);
    if (ahead) found.reverse();
    for (const [place, holds] of found.entries()) if (holds === wanted) bits[place] = (bits[place] ?? 0) | (1 << index);
  }
  return bits;
}

/**
 * Runs through the characters.
 * @param looks which look-arounds hold at each place, in the order of the run
 * @param found where given, is told of each place whether a match ends there; else the first match ends the run
 */
function run(
  matcher: Matcher,
  characters: Iterable<string>,
  backwards: boolean,
  looks: number[] | undefined,
  found: boolean[] | undefined,
  work: Work,
): boolean {
  const { boundaries } = matcher.automaton;
  let at = matcher.first;
  let last: Side = 0;
  let place = 0;
  for (const character of characters) {
    spend(work, 2);
    const side = boundaries ? sideOf(character) : 2;
    const around = 9 * (looks?.[place] ?? 0) + (backwards ? 3 * side + last : 3 * last + side);
    const reached = at.around.get(around) ?? reach(matcher, at, around, found !== undefined, work);
    if (reached.matched) {
      if (!found) return true;
      found[place] = true;
    }
    at = reached.next.get(character) ?? advance(matcher, reached, character, work);
    last = side;
    place += 1;
  }
  const around = 9 * (looks?.[place] ?? 0) + (backwards ? last : 3 * last);
  const { matched } = at.around.get(around) ?? reach(matcher, at, around, found !== undefined, work);
  if (found) found[place] = matched;
  return matched;
}

/** What the set comes to at a place with these surroundings. */
function reach(matcher: Matcher, from: Met, around: number, onward: boolean, work: Work): Reached {
  const { automaton } = matcher;
  const reached: Reached = { matched: false, states: [], next: new Map() };
  const seen = new Set<number>();
  const open = [...from.states];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (seen.has(at)) continue;
    seen.add(at);
    spend(work, 3);
    const state = automaton.states[at];
    if (state === undefined) continue;
    switch (state.type) {
      case "match":
        reached.matched = true;
        break;
      case "character":
        reached.states.push(at);
        break;
      case "split":
        open.push(state.other, state.next);
        break;
      case "position":
        if (holds(state.at, around % 9)) open.push(state.next);
        break;
      case "look":
        if ((around / 9) & (1 << state.look)) open.push(state.next);
        break;
      default:
        state satisfies never;
    }
    if (reached.matched && !onward) break;
  }
  matcher.size += reached.states.length + 2;
  from.around.set(around, reached);
  return reached;
}

function holds(at: "start" | "end" | "boundary" | "inside", sides: number): boolean {
  const [before, after] = [Math.floor(sides / 3), sides % 3];
  if (at === "start") return before === 0;
  if (at === "end") return after === 0;
  return ((before === 1) !== (after === 1)) === (at === "boundary");
}

/** Where a character leads; a match may begin behind each, so that the start is always among the states. */
function advance(matcher: Matcher, from: Reached, character: string, work: Work): Met {
  const { automaton, first } = matcher;
  const next = new Set([automaton.start]);
  spend(work, 4 + 4 * from.states.length);
  for (const at of from.states) {
    const state = automaton.states[at];
    if (state?.type === "character" && !next.has(state.next) && state.fits(character)) next.add(state.next);
  }
  const states = [...next].sort((a, b) => a - b);
  const key = states.join();
  if (matcher.size > matcher.sizeMax) {
    matcher.met.clear();
    first.around.clear();
    matcher.size = 0;
  }
  const met: Met = (states.length === 1 ? first : matcher.met.get(key)) ?? { states, around: new Map() };
  if (met !== first && !matcher.met.has(key)) {
    matcher.met.set(key, met);
    matcher.size += 2 * states.length;
  }
  from.next.set(character, met);
  matcher.size += 1;
  return met;
}
