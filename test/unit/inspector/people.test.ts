/** Drafts, news and refusals, as a person meets them. */
import { expect, test } from "vitest";
import { createProblem } from "../../../src/contract/problem.ts";
import type { MeView } from "../../../src/contract/views/me.ts";
import { describeRefusal } from "../../../src/inspector/data/describe-refusal.ts";
import { createDrafts, type Draft } from "../../../src/inspector/data/drafts.ts";
import { listNews } from "../../../src/inspector/data/list-news.ts";

/** A browser's storage. */
function createShelf(most = Infinity) {
  const kept = new Map<string, string>();
  return {
    kept,
    getItem: (key: string) => kept.get(key) ?? null,
    removeItem: (key: string) => void kept.delete(key),
    key: (index: number) => [...kept.keys()][index] ?? null,
    get length() {
      return kept.size;
    },
    setItem(key: string, value: string) {
      if (value.length > most) throw new DOMException("full", "QuotaExceededError");
      kept.set(key, value);
    },
  };
}

const draft = (at: number, raw = "{}"): Draft => ({ at, mode: "form", status: "approved", fields: { note: "n" }, raw });

test("[PERSON4] a draft is kept by account and turn, until it is dropped; a bounded number of them", () => {
  const shelf = createShelf();
  const drafts = createDrafts(shelf);
  shelf.kept.set("of another page", "x");
  expect(drafts.keep("ann", "t1", draft(1))).toBe(true);
  expect(drafts.read("ann", "t1")).toEqual(draft(1));
  expect(drafts.read("bob", "t1")).toBeUndefined();
  drafts.drop("ann", "t1");
  expect(drafts.read("ann", "t1")).toBeUndefined();
  for (let turn = 0; turn < 100; turn++) drafts.keep("ann", `t${turn}`, draft(turn));
  expect(shelf.kept.size).toBe(31);
  expect(drafts.read("ann", "t99")).toBeDefined();
  expect(drafts.read("ann", "t0")).toBeUndefined();
});

test("[PERSON10] signing out forgets the drafts of that account, and of no other", () => {
  const shelf = createShelf();
  const drafts = createDrafts(shelf);
  for (const turn of ["t1", "t2"]) drafts.keep("ann", turn, draft(1));
  drafts.keep("anna", "t1", draft(1));
  shelf.kept.set("of another page", "x");
  expect(drafts.clear("ann")).toBe(2);
  expect([...shelf.kept.keys()]).toEqual(["nerveflare.draft:anna:t1", "of another page"]);
  expect([drafts.clear("ann"), createDrafts(undefined).clear("ann")]).toEqual([0, 0]);
});

test("[PERSON4] where a browser keeps nothing, or something else than a draft, writing goes on without", () => {
  expect(createDrafts(undefined).keep("ann", "t", draft(1))).toBe(false);
  expect(createDrafts(createShelf(10)).keep("ann", "t", draft(1))).toBe(false);
  const shelf = createShelf();
  const drafts = createDrafts(shelf);
  expect(drafts.keep("ann", "t", draft(1, "x".repeat(300_000)))).toBe(false);
  for (const text of ["", "{", "null", "7", '{"at":"x"}']) {
    shelf.kept.set("nerveflare.draft:ann:t", text);
    expect(drafts.read("ann", "t")).toBeUndefined();
  }
});

test("[PERSON5] news is what is there now and was not before, each with the path that leads to it", () => {
  const turn = (id: string) => ({ turn: id, thread: "t1", workflow: "w", role: { name: "a b", schema: null }, prompt: "p".repeat(500) });
  const offer = (id: string) => ({ offer: id, thread: "t2", workflow: "w", role: "r", goal: "g" });
  const view = (turns: object[], offers: object[]) => ({ turns, offers }) as MeView;
  const news = listNews(view([turn("1")], [offer("1")]), view([turn("1"), turn("2")], [offer("2")]));
  expect(news).toMatchObject([
    { tag: "2", path: "/ui/turns/t1/a%20b", body: "p".repeat(200) },
    { tag: "2", path: "/ui/turns/t2/r" },
  ]);
  expect(listNews(view([turn("1")], []), view([turn("1")], []))).toEqual([]);
});

test("[PERSON6] a refusal says plainly whether another was first, and whether to send again", () => {
  const refuse = (...problem: Parameters<typeof createProblem>) => {
    const made = createProblem(...problem);
    return describeRefusal({ code: made.code, message: made.detail, problem: made });
  };
  expect(refuse("turn_over", "It was answered.")).toMatchObject({ over: true, text: expect.stringContaining("was not taken") });
  expect(refuse("stale_lease", "lost", { now: { agent: "bob", generation: 2 } })).toMatchObject({
    ...{ over: true, text: expect.stringContaining("bob has it now") },
  });
  expect(refuse("stale_lease", "lost", { now: null }).text).toContain("Nobody has it now");
  expect(refuse("output_invalid", "no note")).toMatchObject({ over: false, text: "no note" });
  expect(refuse("rate_limited", "wait")).toMatchObject({ over: false });
  expect(describeRefusal({ code: "network", message: "The server does not answer." })).toMatchObject({
    over: false,
    text: expect.stringContaining("counts once"),
  });
});
