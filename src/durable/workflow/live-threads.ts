/** The threads of a workflow that began and have not ended: a document of a few words each, of which memory holds the number. */
import type { Store } from "../host/store/store.ts";
import { createRemembered } from "./remembered.ts";

/** Threads that are counted at a time. */
const page = 1_000;

/** `running`: it has a place. `beside`: it runs, and takes none. `paused`: it is suspended, and keeps none. */
export type LiveStatus = "running" | "beside" | "paused";

export interface LiveBody {
  status: LiveStatus;
  /** How many times the thread was begun, this one included. */
  epoch: number;
  key: string | null;
}

/** Changes are made within a transaction. */
export interface LiveThreads {
  /** Those that have a place. Looks through all, once. */
  running(): number;
  find(thread: string): LiveBody | undefined;
  /** @param before as it was found */
  put(thread: string, body: LiveBody, before: LiveBody | undefined): void;
  remove(thread: string, before: LiveBody): void;
  /** The transaction was rolled back. */
  reread(): void;
}

export function createLiveThreads(store: Pick<Store, "keyed">): LiveThreads {
  const stored = store.keyed<LiveBody>("live");
  const live = createRemembered(stored);
  /** Undefined: nobody has asked. */
  let running: number | undefined;

  function countRunning(): number {
    let count = 0;
    for (let after = ""; ; ) {
      const found = stored.list({ after, limit: page });
      count += found.filter(([, { status }]) => status === "running").length;
      if (found.length < page) return count;
      after = found.at(-1)?.[0] as string;
    }
  }

  function note(before: LiveBody | undefined, after: LiveBody | undefined): void {
    if (running !== undefined) running += Number(after?.status === "running") - Number(before?.status === "running");
  }

  return {
    running() {
      running ??= countRunning();
      return running;
    },
    find: live.read,
    put(thread, body, before) {
      note(before, body);
      live.put(thread, body);
    },
    remove(thread, before) {
      note(before, undefined);
      live.delete(thread);
    },
    reread() {
      running = undefined;
      live.forget();
    },
  };
}
