/** A difference of two revisions of a workflow, as data. */
import type { Json } from "../../contract/event.ts";

/** What a change is about, in the order in which a reviewer reads. */
export const changeParts = ["workflow", "input", "role", "edge", "condition", "reflex", "prompt"] as const;
export type ChangePart = (typeof changeParts)[number];

/** Whom a change may break: agents that answer as before, senders of events, threads that are taken to the new revision. */
export type Broken = "agents" | "senders" | "threads";

export interface Change {
  part: ChangePart;
  what: "added" | "removed" | "changed";
  /** `author`, `author.turn.timeout`, `reviewer: approved`. */
  at: string;
  /** In words, where before and after do not say it. */
  message?: string;
  before?: Json;
  after?: Json;
  breaks?: Broken[];
  /** Why it breaks. */
  why?: string;
}
