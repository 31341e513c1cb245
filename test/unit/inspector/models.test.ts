/** Models behind the pages of agents, offers and files, and the keys of tables. */
import { expect, test } from "vitest";
import { compileWorkflow } from "../../../src/compile/compile-workflow.ts";
import type { Json } from "../../../src/contract/event.ts";
import type { AgentEntry } from "../../../src/contract/views/agent.ts";
import type { LogEntry } from "../../../src/contract/views/log.ts";
import { joinSigns, noteSigns } from "../../../src/inspector/data/agents-model.ts";
import { createBoardModel } from "../../../src/inspector/data/board-model.ts";
import { inspectorLimits } from "../../../src/inspector/data/limits.ts";
import { listTurns } from "../../../src/inspector/data/list-turns.ts";
import { moveRow } from "../../../src/inspector/data/move-row.ts";
import { listSourceLines, placeFindings } from "../../../src/inspector/data/source-lines.ts";

const at = "2026-11-20T12:00:00.000Z";
let last = 0;
const say = (source: string, type: string, data: { [name: string]: Json }, more: object = {}): LogEntry => {
  last += 1;
  return { position: last, event: { specversion: "1.0", id: `e${last}`, source, type, time: at, data, ...more } };
};

test("[INSP16] whoever says something is there at once, by the server's clock, and what the list says later counts", () => {
  const agent = (id: string, state: "online" | "away" | "lost", seen: string): AgentEntry => ({
    ...{ id, capabilities: [], roles: null, kinds: null, createdAt: at, updatedAt: at },
    presence: { state, at: seen, ignores: 2 },
  });
  const signs = noteSigns(
    new Map(),
    [say("/agents/bob", "a.b", {}), say("/threads/t1", "a.b", {}), say("/operators/x", "a.b", {})],
    () => at,
  );
  expect([...signs]).toEqual([["bob", at]]);
  expect(noteSigns(signs, [say("/threads/t1", "a.b", {})], () => at)).toBe(signs);
  const [bob, eve, late, fresh, steady] = joinSigns(
    [
      agent("bob", "away", "2026-11-20T11:00:00Z"),
      agent("eve", "away", "2026-11-20T11:00:00Z"),
      { ...agent("bob", "lost", "2026-11-20T12:30:00Z") },
      { ...agent("bob", "online", at), presence: null },
      agent("bob", "online", "2026-11-20T09:00:00Z"),
    ],
    signs,
  );
  expect(bob).toMatchObject({ heardAt: at, presence: { state: "online", ignores: 2 } });
  expect(eve).toMatchObject({ heardAt: "2026-11-20T11:00:00Z", presence: { state: "away" } });
  expect(late).toMatchObject({ presence: { state: "lost" } });
  expect(fresh).toMatchObject({ presence: { state: "online" } });
  expect(steady).toMatchObject({ heardAt: at, presence: { state: "online", at: "2026-11-20T09:00:00Z" } });
  let many: ReadonlyMap<string, string> = new Map();
  for (let from = 0; from < 20_000; from += 1_000)
    many = noteSigns(
      many,
      Array.from({ length: 1_000 }, (_, index) => say(`/agents/a${from + index}`, "a.b", {})),
      () => at,
    );
  expect([many.size, many.has("a19999")]).toEqual([5_000, true]);
});

test("[INSP17] the board says of each offer who claimed with which bid, who was outbid, refused, declined, and who got it", () => {
  const board = createBoardModel();
  const open = (offer: string, thread = "t1") =>
    say(`/threads/${thread}`, "nerve.offer.opened", { offer, thread, workflow: "w", role: "reviewer" });
  const claim = (agent: string, offer: string, bid: Json, id: string) =>
    say(`/agents/${agent}`, "nerve.offer.claim", { offer, bid }, { id });
  const verdict = (type: string, offer: string, cause: string, reason = "") =>
    say("/threads/t1", `nerve.claim.${type}`, { offer, ...(reason !== "" && { reason }) }, { causationid: cause });
  const story = [
    open("o1"),
    claim("ann", "o1", 3, "c"),
    claim("bob", "o1", 9, "c"),
    say("/agents/eve", "nerve.offer.decline", { offer: "o1", reason: "on leave" }),
    claim("joe", "o1", 1, "other"),
    claim("zoe", "o1", 2, "last"),
    // The lesser bid is refused because of the better one: that one's claim is the cause.
    verdict("rejected", "o1", "last", "outscored"),
    verdict("rejected", "o1", "other", "holds: author"),
    verdict("accepted", "o1", "c"),
    say("/threads/t1", "nerve.offer.closed", { offer: "o1", why: "filled" }),
    verdict("rejected", "unknown", "x", "outscored"),
  ];
  expect(board.add(story)).toBe(true);
  expect(board.add(story)).toBe(false);
  const offer = board.offers().get("o1");
  expect(offer).toMatchObject({ thread: "t1", workflow: "w", role: "reviewer", closed: "filled" });
  expect(Object.fromEntries(offer?.answers.map(({ agent, what, bid, why }) => [agent, [what, bid, why]]) ?? [])).toEqual({
    ann: ["outbid", 3, "outscored"],
    bob: ["claimed", 9, ""],
    eve: ["declined", undefined, "on leave"],
    joe: ["refused", 1, "holds: author"],
    zoe: ["claimed", 2, ""],
  });
  // Who of the two it was is known when it is given the turn.
  const started = say("/threads/t1", "nerve.thread.started", { roles: [{ role: "reviewer", agent: "bob" }] }, { correlationid: "t1" });
  expect(board.add([started, say("/threads/t1", "nerve.turn.assigned", { role: "reviewer", agent: "bob" }, { correlationid: "t1" })])).toBe(
    true,
  );
  const then = board
    .offers()
    .get("o1")
    ?.answers.map(({ agent, what }) => `${agent} ${what}`);
  expect(then?.toSorted()).toEqual(["ann outbid", "bob awarded", "eve declined", "joe refused", "zoe outbid"]);
  // One that claims alone, and has it.
  board.add([open("o2", "t2"), claim("ann", "o2", null, "x"), verdict("accepted", "o2", "whatever")]);
  expect(board.offers().get("o2")?.answers).toMatchObject([{ agent: "ann", what: "awarded" }]);
  for (let number = 0; number < 500; number++) board.add([open(`n${number}`)]);
  expect([board.offers().size, board.offers().has("n499"), board.offers().has("o1")]).toEqual([inspectorLimits.offers, true, false]);
});

test("[INSP16] an agent's last turns are what it answered and gave up, the newest first", () => {
  const turns = listTurns([
    say("/agents/bob", "nerve.turn.respond", { turn: "t1.task:1", output: { $status: "approved" } }, { correlationid: "t1" }),
    say("/agents/bob", "nerve.turn.progress", { turn: "t1.task:2", note: "half" }, { correlationid: "t1" }),
    say("/agents/bob", "nerve.turn.fail", { turn: "t1.task:2", error: "x".repeat(1_000) }, { correlationid: "t1" }),
  ]);
  expect(turns).toMatchObject([
    { what: "gave up", said: "x".repeat(120), thread: "t1" },
    { what: "answered", said: "approved", thread: "t1" },
  ]);
});

test("[INSP18] what the compiler says stands under its line, with carets where it begins; of a span over lines, its first", () => {
  const text = 'name: fixture\r\ndescription: "é"\n\nroles: {}\n';
  const place = (start: number, end: number) =>
    placeFindings(text, [{ code: "NRV1", severity: "warning", message: "m", span: { start, end } }])[0];
  const begin = text.indexOf("description");
  expect(place(begin, begin + 11)).toMatchObject({ line: 1, column: 0, length: 11 });
  expect(place(text.indexOf("é"), text.indexOf("roles") + 3)).toMatchObject({ line: 1, column: 14, length: 2 });
  expect(place(0, 0)).toMatchObject({ line: 0, column: 0, length: 1 });
  expect(place(9_999, 10_000)).toMatchObject({ line: 4, column: 0, length: 1 });
  const { diagnostics } = compileWorkflow("name: fixture\nroles: {}\nwhat: ever\n");
  const lines = listSourceLines(
    "name: fixture\nroles: {}\nwhat: ever\n",
    placeFindings("name: fixture\nroles: {}\nwhat: ever\n", diagnostics),
  );
  expect(lines.map(({ text: each }) => each)).toEqual(["name: fixture", "roles: {}", "what: ever", ""]);
  expect(lines.flatMap(({ findings }) => findings)).toHaveLength(diagnostics.length);
  expect(lines[2]?.findings).toMatchObject([{ column: 0, length: 4 }]);
});

test.each([
  ["ArrowDown", 3, 4],
  ["ArrowDown", 9, 9],
  ["ArrowUp", 0, 0],
  ["Home", 7, 0],
  ["End", 2, 9],
  ["PageDown", 2, 6],
  ["PageUp", 2, 0],
  ["a", 2, undefined],
])("[INSP19] of ten rows %s leads from %i to %s", (key, from, to) => {
  expect(moveRow(key, from, 10, 4)).toBe(to);
  expect(moveRow(key, 0, 0, 4)).toBeUndefined();
});
