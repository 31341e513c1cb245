/** What holds for a workflow's queue: the published revision's rules, and an operator's pause. One row; knows SQL only. */

import type { OverflowPolicy } from "../../contract/language.ts";
import type { PauseView } from "../../contract/views/admission.ts";
import type { Storage } from "../host/ports.ts";

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

interface GateRow {
  [column: string]: string | number | null;
  revision: string | null;
  places: number | null;
  overflow: OverflowPolicy;
  max_queue: number | null;
  paused: string | null;
}

export function createGate(storage: Storage): Gate {
  const read = (): GateRow => storage.exec<GateRow>("SELECT * FROM gate")[0] as GateRow;
  return {
    rules() {
      const { revision, places, overflow, max_queue: maxQueue } = read();
      return { revision, places, overflow, maxQueue };
    },
    set({ revision, places, overflow, maxQueue }) {
      storage.exec("UPDATE gate SET revision = ?, places = ?, overflow = ?, max_queue = ?", revision, places, overflow, maxQueue);
    },
    paused() {
      const { paused } = read();
      return paused === null ? null : (JSON.parse(paused) as PauseView);
    },
    pause(pause) {
      storage.exec("UPDATE gate SET paused = ?", pause && JSON.stringify(pause));
    },
  };
}
