/** What a test in Liquid tells of the values that it looks at, once it held or failed. */
import { type Anchor, addFacts, type Facts, joinFacts, noFacts, type Outcome } from "./facts.ts";
import { negateOrder, ofOrder, turnOrder } from "./range.ts";
import { isAbsentOrFalse, isBounded, isNoneOf, isOneOf, isThere, isThereAndTrue, type Refinement } from "./refine.ts";
import { readLiteral, readPath, type Token, type Tree } from "./template-tokens.ts";

/** A path behind an anchor: `""` is what a template's own variables are looked up in. */
interface Place {
  anchor: Anchor;
  path: readonly string[];
}

/** Says what a path begins at; undefined where it is not followed. */
export type FindPlace = (names: readonly string[]) => Place | undefined;

const orders: readonly string[] = ["<", "<=", ">", ">="];

function know(token: Token | undefined, refinement: Refinement, find: FindPlace): Facts {
  const names = token?.props?.map(({ content, props }) => (props ? undefined : content));
  if (!names?.every((name) => typeof name === "string")) return noFacts;
  const place = find(names);
  return place ? new Map([[place.anchor, [{ path: place.path, refinement }]]]) : noFacts;
}

/** What a test tells. */
export function readTest(tree: Tree | undefined, find: FindPlace): Outcome {
  if (!tree) return { held: noFacts, failed: noFacts };
  if ("token" in tree) return { held: know(tree.token, isThereAndTrue, find), failed: know(tree.token, isAbsentOrFalse, find) };
  const { operator, left, right } = tree;
  if (operator === "not") {
    const { held, failed } = readTest(right, find);
    return { held: failed, failed: held };
  }
  if (operator === "and" || operator === "or") {
    const [one, other] = [readTest(left, find), readTest(right, find)];
    return operator === "and"
      ? { held: addFacts(one.held, other.held), failed: joinFacts(one.failed, other.failed) }
      : { held: joinFacts(one.held, other.held), failed: addFacts(one.failed, other.failed) };
  }
  return readComparison(operator, tokenOf(left), tokenOf(right), find);
}

function tokenOf(tree: Tree | undefined): Token | undefined {
  return tree && "token" in tree ? tree.token : undefined;
}

function readComparison(operator: string, left: Token | undefined, right: Token | undefined, find: FindPlace): Outcome {
  const [path, other] = left?.props ? [left, right] : [right, left];
  const literal = other && readLiteral(other);
  if (operator === "contains") return { held: know(left, isThere, find), failed: noFacts };
  if (operator === "==" || operator === "!=") {
    if (!literal) return { held: noFacts, failed: noFacts };
    // What is absent is unequal to every constant.
    const [same, unequal] = [know(path, isOneOf([literal.value]), find), know(path, isNoneOf([literal.value], false), find)];
    return operator === "==" ? { held: same, failed: unequal } : { held: unequal, failed: same };
  }
  if (!orders.includes(operator) || typeof literal?.value !== "number") return { held: noFacts, failed: noFacts };
  const turned = path === left ? operator : turnOrder(operator);
  const bounded = (order: string, present: boolean): Facts => know(path, isBounded(ofOrder(order, Number(literal.value)), present), find);
  return { held: bounded(turned, true), failed: bounded(negateOrder(turned), false) };
}

/** What is known where the value of a `case` is one of these constants, and where it is none. */
export function readCase(value: unknown, values: readonly unknown[], find: FindPlace): Outcome {
  const literals = values.flatMap((each) => readLiteral(each) ?? []).map((literal) => literal.value);
  if (literals.length < values.length || values.length === 0) return { held: noFacts, failed: noFacts };
  const path = readPath(value);
  return { held: know(path, isOneOf(literals), find), failed: know(path, isNoneOf(literals, false), find) };
}
