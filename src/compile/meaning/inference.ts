/** What the parts of one inference share. */
import type { ExpressionNode } from "../expressions/parse-expression.ts";
import type { Walk } from "../expressions/walk.ts";
import type { Facts } from "./facts.ts";
import type { Type } from "./type.ts";

/** Variables that are bound, with their types. */
export type Names = Map<string, Type>;

/** What a part of an expression sees. */
export interface Env {
  /** What names are looked up in. */
  context: Type;
  /** It is the expression's own input, whose names its view looks at. */
  atRoot: boolean;
  names: Names;
  /** What the tests tell that led here. */
  facts: Facts;
  /** Those of the expression itself. */
  own: Facts;
  /** What becomes of the result: the whole holds only if it does, the whole holds if it does or something else, or anything else. */
  within: "all" | "or" | "other";
  depth: number;
}

/** What is found of a part, for those who ask about a place. */
export interface Observed {
  node: ExpressionNode;
  type: Type;
  /** Of a name: what it was looked up in. */
  context?: Type;
  /** Of a constant: what it is compared with. */
  compared?: Type;
}

/** What an expression sees where it stands. */
export interface ExpressionSight {
  root: Type;
  event: Type;
  /** All steps, and the last one where it is known whose it is. */
  steps: Type;
  last: Type;
  /** What `$first` and `$last` give; undefined where there is no thread. */
  answerOf?: ((role: string, which: "first" | "last") => Type) | undefined;
  /** What must have held for the expression to be asked. */
  facts?: Facts | undefined;
}

export interface Inference extends Walk, ExpressionSight {
  /** Takes what tests that were passed rule out, where something else may tell more of it. */
  later?: ((tell: () => void) => void) | undefined;
  observe?: ((seen: Observed) => void) | undefined;
}
