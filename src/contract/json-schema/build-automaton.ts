/** A pattern's tree as an automaton: states that take one character or ask about the place. Each repetition is written out. */
import { spend, type Work } from "./count-work.ts";
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

/** How many states an automaton of the tree has, those of its look-arounds included: no more work than to read the pattern. */
export function countStates(tree: PatternNode): number {
  switch (tree.type) {
    case "character":
    case "position":
      return 1;
    case "sequence":
      return tree.parts.reduce((sum, part) => sum + countStates(part), 0);
    case "choice":
      return tree.ways.reduce((sum, way) => sum + countStates(way), tree.ways.length - 1);
    case "repeat": {
      const one = countStates(tree.of);
      const fixed = one === 0 ? 0 : one * tree.least;
      const open = tree.most === Number.POSITIVE_INFINITY ? 1 : tree.most - tree.least;
      return fixed + open * (one + 1);
    }
    case "look":
      return countStates(tree.of) + 2;
    default:
      return tree satisfies never;
  }
}

/** Look-arounds that stand side by side: each of an automaton's is a bit. */
export function countLooks(tree: PatternNode): number {
  switch (tree.type) {
    case "character":
    case "position":
      return 0;
    case "sequence":
      return tree.parts.reduce((sum, part) => sum + countLooks(part), 0);
    case "choice":
      return tree.ways.reduce((sum, way) => sum + countLooks(way), 0);
    case "repeat": {
      const one = countLooks(tree.of);
      return one === 0 ? 0 : one * (tree.most === Number.POSITIVE_INFINITY ? tree.least + 1 : tree.most);
    }
    case "look":
      return Math.max(1, countLooks(tree.of));
    default:
      return tree satisfies never;
  }
}

interface Builder extends Automaton {
  backwards: boolean;
  tests: Map<string, CharacterTest>;
}

/**
 * Builds the automaton of a tree that is known to be small enough.
 * @throws TooMuchWork
 */
export function buildAutomaton(tree: PatternNode, work: Work): Automaton {
  spend(work, 3 * countStates(tree));
  return build(tree, false, new Map(), work);
}

function build(tree: PatternNode, backwards: boolean, tests: Map<string, CharacterTest>, work: Work): Automaton {
  const builder: Builder = { states: [], start: 0, looks: [], boundaries: false, backwards, tests };
  builder.start = lead(tree, add({ type: "match" }, builder), builder, work);
  const { states, start, looks, boundaries } = builder;
  return { states, start, looks, boundaries };
}

function add(state: State, builder: Builder): number {
  return builder.states.push(state) - 1;
}

/** Adds the states that lead through `node` to `next`; returns the first. */
function lead(node: PatternNode, next: number, builder: Builder, work: Work): number {
  switch (node.type) {
    case "character":
      return add({ type: "character", fits: makeTest(node.source, builder.tests, work), next }, builder);
    case "position":
      if (node.at === "boundary" || node.at === "inside") builder.boundaries = true;
      return add({ type: "position", at: node.at, next }, builder);
    case "sequence": {
      const parts = builder.backwards ? node.parts : node.parts.toReversed();
      return parts.reduce((after, part) => lead(part, after, builder, work), next);
    }
    case "choice":
      return node.ways
        .map((way) => lead(way, next, builder, work))
        .reduceRight((other, way) => add({ type: "split", next: way, other }, builder));
    case "repeat":
      return leadRepeat(node, next, builder, work);
    case "look": {
      // What lies ahead is read from the end, what lies behind from the beginning: one pass tells it for each place.
      const automaton = build(node.of, node.ahead, builder.tests, work);
      const look = builder.looks.push({ automaton, ahead: node.ahead, wanted: node.wanted }) - 1;
      return add({ type: "look", look, next }, builder);
    }
    default:
      return node satisfies never;
  }
}

function leadRepeat({ of, least, most }: PatternNode & { type: "repeat" }, next: number, builder: Builder, work: Work): number {
  let first = next;
  if (most === Number.POSITIVE_INFINITY) {
    const loop: State & { type: "split" } = { type: "split", next: 0, other: next };
    first = add(loop, builder);
    loop.next = lead(of, first, builder, work);
  } else
    for (let left = most - least; left > 0; left--)
      first = add({ type: "split", next: lead(of, first, builder, work), other: next }, builder);
  // Nothing, repeated, is nothing.
  if (countStates(of) > 0) for (let left = least; left > 0; left--) first = lead(of, first, builder, work);
  return first;
}

function makeTest(source: string, tests: Map<string, CharacterTest>, work: Work): CharacterTest {
  const known = tests.get(source);
  if (known) return known;
  const [, literal] = /^(?:\\(?=[^\w\s]))?([^\\.[])$/su.exec(source) ?? [];
  const test = literal === undefined ? makeClassTest(source, work) : (character: string) => character === literal;
  tests.set(source, test);
  return test;
}

function makeClassTest(source: string, work: Work): CharacterTest {
  // The platform compiles each class.
  spend(work, 500);
  const pattern = new RegExp(`^${source}$`, "u");
  return (character) => pattern.test(character);
}
