/** What holds for a workflow's queue: the published revision's rules, and an operator's pause. A document each. */

import type { OverflowPolicy } from "../../contract/language.ts";
import type { PauseView } from "../../contract/views/admission.ts";
import type { Store } from "../host/store/store.ts";

/** What a revision says of its queue. */
export interface Rules {
  /** Null: none was heard of yet. */
  revision: string | null;
  /** Threads that may run at once; null: any number. */
  places: number | null;
  overflow: OverflowPolicy;
  maxQueue: number | null;
}

export interface Gate {
  rules(): Rules;
  set(rules: Rules): void;
  paused(): PauseView | null;
  pause(pause: PauseView | null): void;
}

const unheard: Rules = { revision: null, places: null, overflow: "queue", maxQueue: null };

export function createGate(store: Pick<Store, "resident">): Gate {
  const gate = store.resident<Rules | PauseView>("gate");
  return {
    rules: () => (gate.get("rules") as Rules | undefined) ?? unheard,
    set: (rules) => gate.put("rules", rules),
    paused: () => (gate.get("pause") as PauseView | undefined) ?? null,
    pause(pause) {
      if (pause) gate.put("pause", pause);
      else gate.delete("pause");
    },
  };
}
