/** Which of a workflow's threads has a key now, and which ended with it last. A document a key. */
import type { Store } from "../host/store/store.ts";
import { createRemembered } from "./remembered.ts";

export const keyLimits = {
  /** Keys whose last ended thread is known, for `resume` signals. */
  ended: 10_000,
  /** Ends between two looks whether there are more: a look walks them all. */
  endsBetweenLooks: 100,
} as const;

export interface KeyBody {
  live?: string;
  ended?: string;
  /** When that one ended. */
  at?: number;
}

/** Changes are made within a transaction. */
export interface ThreadKeys {
  find(key: string): KeyBody;
  /** The thread has the key from now on. */
  take(key: string, thread: string): void;
  /** The thread gives the key back. */
  leave(key: string, thread: string): void;
  /** The thread has ended: it had the key last. */
  end(key: string, thread: string, now: number): void;
  /** The thread that ended is not there any more. */
  forget(key: string, thread: string): void;
  /** The transaction was rolled back. */
  reread(): void;
}

export function createThreadKeys(store: Pick<Store, "keyed">): ThreadKeys {
  const stored = store.keyed<KeyBody>("key");
  const keys = createRemembered(stored);
  let ends = 0;
  const find = (key: string): KeyBody => keys.read(key) ?? {};

  /** Only keys that nobody has now are trimmed. */
  function write(key: string, body: KeyBody): void {
    if (body.live !== undefined) keys.put(key, body);
    else if (body.ended !== undefined) keys.put(key, body, body.at ?? 0);
    else keys.delete(key);
  }

  return {
    find,
    take: (key, thread) => write(key, { ...find(key), live: thread }),
    leave(key, thread) {
      const { live, ...rest } = find(key);
      if (live === thread) write(key, rest);
    },
    end(key, thread, now) {
      const { live } = find(key);
      write(key, { ...(live !== undefined && live !== thread && { live }), ended: thread, at: now });
      if (ends++ % keyLimits.endsBetweenLooks > 0) return;
      stored.deleteBeyond(keyLimits.ended);
      keys.forget();
    },
    forget(key, thread) {
      const { live, ended } = find(key);
      if (ended === thread) write(key, live === undefined ? {} : { live });
    },
    reread: keys.forget,
  };
}
