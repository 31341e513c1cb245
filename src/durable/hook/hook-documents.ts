/** All that a hook's object keeps: each collection once, with what it holds and what bounds it. */
import type { HookAnswer } from "../../contract/views/hook.ts";
import type { Keyed, Resident } from "../host/store/collections.ts";
import type { Store } from "../host/store/store.ts";
import type { NewHook } from "../protocol/hook.ts";

export interface HookSettings extends NewHook {
  /** Good as well until then, in milliseconds since 1970. */
  former: { secret: string; until: number } | null;
}

/** How it goes. Times in milliseconds since 1970. */
export interface HookMarks {
  accepted: number;
  lastAcceptedAt: number | null;
  ignored: number;
  lastIgnored: { at: number; delivery: string; reason: string } | null;
}

/** What was refused with one code, newest first. */
export interface RefusalsOfCode {
  count: number;
  last: { at: number; detail: string; delivery: string | null }[];
}

export interface HookDocuments {
  settings: Resident<HookSettings>;
  marks: Resident<HookMarks>;
  refusals: Resident<RefusalsOfCode>;
  deliveries: Keyed<HookAnswer>;
}

/** The key of a collection's one document. */
export const theOne = "one";

/** Opens all of them before any is read, so that waking reads what stays in memory by one query. */
export function openHookDocuments(store: Store): HookDocuments {
  return {
    // One.
    settings: store.resident("settings"),
    // One.
    marks: store.resident("marks"),
    // One a code, of five refusals.
    refusals: store.resident("refusal"),
    // One a delivery that was accepted, for 30 days; its rank is when.
    deliveries: store.keyed("delivery"),
  };
}
