/** A pattern's tree as an automaton: states that take one character or ask about the place. Each repetition is written out. */
import { schemaLimits } from "../limits.ts";
import type { PatternNode } from "./parse-pattern.ts";

/** Whether a character fits; each is asked of one character alone, so that the platform's matcher has nothing to go back on. */
export type CharacterTest = (character: string) => boolean;

/** A state; numbers are places in the automaton's list. */
export type State =
  | { type: "match" }
  | { type: "character"; fits: CharacterTest; next: number }
  | { type: "split"; next: number; other: number }
  | { type: "position"; at: "start" | "end" | "boundary" | "inside"; next: number }
  | { type: "look"; look: number; next: number };

/** What a look-around asks at a place: whether its own automaton leads from there to a match, ahead or behind. */
export interface Look {
  automaton: Automaton;
  ahead: boolean;
  wanted: boolean;
}

export interface Automaton {
  states: State[];
  start: number;
  /** Inner ones come first. */
  looks: Look[];
  /** Whether it asks for word boundaries. */
  boundaries: boolean;
}

/** States of an automaton and of those inside it. */
export function countStates({ states, looks }: Automaton): number {
  return looks.reduce((sum, { automaton }) => sum + countStates(automaton), states.length);
}

class TooLarge extends Error {}

interface Builder extends Automaton {
  backwards: boolean;
  tests: Map<string, CharacterTest>;
  count: { states: number };
}

/** @returns undefined where it would have too many states */
export function buildAutomaton(tree: PatternNode): Automaton | undefined {
  try {
    return build(tree, false, new Map(), { states: 0 });
  } catch (error) {
    if (error instanceof TooLarge) return undefined;
    throw error;
  }
}

function build(tree: PatternNode, backwards: boolean, tests: Map<string, CharacterTest>, count: { states: number }): Automaton {
  const builder: Builder = { states: [], start: 0, looks: [], boundaries: false, backwards, tests, count };
  builder.start = lead(tree, add({ type: "match" }, builder), builder);
  const { states, start, looks, boundaries } = builder;
  return { states, start, looks, boundaries };
}

function add(state: State, builder: Builder): number {
  builder.count.states += 1;
  if (builder.count.states > schemaLimits.patternStates) throw new TooLarge();
  return builder.states.push(state) - 1;
}

/** Adds the states that lead through `node` to `next`; returns the first. */
function lead(node: PatternNode, next: number, builder: Builder): number {
  switch (node.type) {
    case "character":
      return add({ type: "character", fits: makeTest(node.source, builder.tests), next }, builder);
    case "position":
      if (node.at === "boundary" || node.at === "inside") builder.boundaries = true;
      return add({ type: "position", at: node.at, next }, builder);
    case "sequence": {
      const parts = builder.backwards ? node.parts : node.parts.toReversed();
      return parts.reduce((after, part) => lead(part, after, builder), next);
    }
    case "choice":
      return node.ways
        .map((way) => lead(way, next, builder))
        .reduceRight((other, way) => add({ type: "split", next: way, other }, builder));
    case "repeat":
      return leadRepeat(node, next, builder);
    case "look": {
      // What lies ahead is read from the end, what lies behind from the beginning: one pass tells it for each place.
      const automaton = build(node.of, node.ahead, builder.tests, builder.count);
      if (builder.looks.length === schemaLimits.patternLooks) throw new TooLarge();
      const look = builder.looks.push({ automaton, ahead: node.ahead, wanted: node.wanted }) - 1;
      return add({ type: "look", look, next }, builder);
    }
    default:
      return node satisfies never;
  }
}

function leadRepeat({ of, least, most }: PatternNode & { type: "repeat" }, next: number, builder: Builder): number {
  let first = next;
  if (most === Number.POSITIVE_INFINITY) {
    const loop: State & { type: "split" } = { type: "split", next: 0, other: next };
    first = add(loop, builder);
    loop.next = lead(of, first, builder);
  } else
    for (let left = most - least; left > 0; left--) first = add({ type: "split", next: lead(of, first, builder), other: next }, builder);
  for (let left = least; left > 0; left--) {
    const before = builder.count.states;
    first = lead(of, first, builder);
    // Nothing, repeated, is nothing.
    if (builder.count.states === before) break;
  }
  return first;
}

function makeTest(source: string, tests: Map<string, CharacterTest>): CharacterTest {
  const known = tests.get(source);
  if (known) return known;
  const pattern = new RegExp(`^${source}$`, "u");
  const test: CharacterTest = (character) => pattern.test(character);
  tests.set(source, test);
  return test;
}
