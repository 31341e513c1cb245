/** What the parts of one inference share. */
import type { Walk } from "../expressions/walk.ts";
import type { Type } from "./type.ts";

/** Variables that are bound, with their types. */
export type Names = Map<string, Type>;

export interface Inference extends Walk {
  root: Type;
  event: Type;
  /** All steps, and the last one where it is known whose it is. */
  steps: Type;
  last: Type;
  /** What `$first` and `$last` give; undefined where there is no thread. */
  answerOf?: ((role: string) => Type) | undefined;
}
