/** Answers that are being written: kept in this browser, by account and turn, until they are sent. They go nowhere else. */
import type { Output } from "./plan-form.ts";

export interface Draft {
  /** Milliseconds since 1970. */
  at: number;
  mode: "form" | "raw";
  status: string | null;
  fields: Output;
  raw: string;
}

const limits = {
  /** Drafts that a browser keeps: the oldest goes. */
  drafts: 30,
  /** Characters of one: as large as an answer may be. */
  characters: 256 * 1024,
} as const;

const prefix = "nerveflare.draft:";
const name = (account: string, turn: string): string => `${prefix}${account}:${turn}`;

/** What a browser keeps for a page, as `localStorage` is. */
export interface Shelf {
  readonly length: number;
  key(index: number): string | null;
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/** @param shelf the browser's, or a test's; a browser may refuse to keep anything, and then nothing is kept */
export function createDrafts(shelf: Shelf | undefined) {
  /** By name, oldest first. */
  function list(): { key: string; at: number }[] {
    const keys = Array.from({ length: shelf?.length ?? 0 }, (_, index) => shelf?.key(index) ?? "").filter((key) => key.startsWith(prefix));
    return keys.map((key) => ({ key, at: parse(shelf?.getItem(key) ?? null)?.at ?? 0 })).sort((a, b) => a.at - b.at);
  }

  return {
    read(account: string, turn: string): Draft | undefined {
      try {
        return parse(shelf?.getItem(name(account, turn)) ?? null);
      } catch {
        return undefined;
      }
    },
    /** @returns whether it is kept */
    keep(account: string, turn: string, draft: Draft): boolean {
      const text = JSON.stringify(draft);
      if (!shelf || text.length > limits.characters) return false;
      try {
        const key = name(account, turn);
        const others = list().filter((each) => each.key !== key);
        for (const old of others.slice(0, Math.max(0, others.length + 1 - limits.drafts))) shelf.removeItem(old.key);
        shelf.setItem(key, text);
        return true;
      } catch {
        // The browser's own room is used up, or it keeps nothing for this page.
        return false;
      }
    },
    /** Forgets all of an account. @returns how many there were */
    clear(account: string): number {
      try {
        const own = list().filter(({ key }) => key.startsWith(name(account, "")));
        for (const { key } of own) shelf?.removeItem(key);
        return own.length;
      } catch {
        return 0;
      }
    },
    drop(account: string, turn: string): void {
      try {
        shelf?.removeItem(name(account, turn));
      } catch {
        // Then nothing was kept.
      }
    },
  };
}

function parse(text: string | null): Draft | undefined {
  if (text === null) return undefined;
  try {
    const draft = JSON.parse(text) as Draft;
    return typeof draft?.at === "number" && typeof draft.raw === "string" && typeof draft.fields === "object" ? draft : undefined;
  } catch {
    return undefined;
  }
}
