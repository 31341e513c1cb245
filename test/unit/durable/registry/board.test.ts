/** The board of open offers: who is told of what, at what cost, and how a board that was lost mends itself. */
import { beforeEach, expect, test, vi } from "vitest";
import type { CloudEvent } from "../../../../src/contract/event.ts";
import type { AgentCard } from "../../../../src/contract/views/agent.ts";
import type { OfferHint, OpenOffer } from "../../../../src/durable/protocol/board.ts";
import { type Board, createBoard } from "../../../../src/durable/registry/board.ts";
import { boardLimits } from "../../../../src/durable/registry/board-limits.ts";

let now: number;
let alarmAt: number | undefined;
let told: [agent: string, hint: OfferHint][];
let online: AgentCard[];
let open: OpenOffer[];
/** What threads say that they offer; a thread that is not here cannot be asked. */
let asked: Map<string, OpenOffer[]>;

beforeEach(() => {
  now = 1_800_000_000_000;
  alarmAt = undefined;
  told = [];
  online = [];
  open = [];
  asked = new Map();
});

function begin(): Board {
  return createBoard({
    now: () => now,
    setAlarm: (at) => {
      alarmAt = at;
    },
    readOnline: async () => online,
    readOpen: async () => open,
    ask: async (thread) => {
      const offers = asked.get(thread);
      if (!offers) throw new Error("it cannot be asked");
      return offers;
    },
    tell: (agent, hint) => void told.push([agent, hint]),
  });
}

const card = (id: string, capabilities = ["review"]): AgentCard => ({ id, capabilities, roles: null, kinds: null });
const event = (id: string, type = "nerve.offer.opened"): CloudEvent => ({
  specversion: "1.0",
  id,
  source: "/threads/t",
  type,
  time: "2027-01-15T08:00:00Z",
});
const offer = (id: string): OpenOffer => ({
  ...{ offer: id, event: event(`${id}.opened`), expires: now + 600_000 },
  terms: { workflow: "w", role: { name: "reviewer", eligibility: { all: ["review"], notAgents: ["author"] } } },
});
const come = (board: Board, id: string, capabilities?: string[]) => board.attend({ card: card(id, capabilities), until: null, known: [] });

test("[BOARD1] of a thousand eligible agents only those that are there are told, each once, and those that come later find the offer", async () => {
  const board = begin();
  for (let index = 0; index < 10; index++) await come(board, `r${index}`);
  await come(board, "author");
  await come(board, "writer", ["writing"]);
  const posted = await board.post(offer("t:0:1"), true, []);
  expect(posted.present).toHaveLength(10);
  expect(posted.fresh).toEqual(posted.present);
  expect(await board.post(offer("t:0:1"), false, [])).toMatchObject({ fresh: [] });
  expect((await come(board, "late")).offers.map((each) => each.offer)).toEqual(["t:0:1"]);
  expect((await come(board, "writer", ["writing"])).offers).toEqual([]);
  // Whoever has looked for itself is not told again.
  expect(await board.post(offer("t:0:1"), false, [])).toMatchObject({ fresh: [] });
});

test("[BOARD1] an agent that left, that a hint did not find, or whose time is over, is told of nothing and waited for by nobody", async () => {
  const board = begin();
  for (const id of ["a", "b", "c", "d"]) await come(board, id);
  await board.attend({ card: card("polls"), until: now + 90_000, known: [] });
  now += 1_000;
  await board.leave("a", now);
  await come(board, "c");
  const absent = [
    { agent: "b", at: now },
    // It has come again since.
    { agent: "c", at: now - 500 },
  ];
  expect((await board.post(offer("t:0:1"), true, absent)).present).toEqual(["c", "d", "polls"]);
  now += 90_000;
  expect((await board.post(offer("t:0:1"), false, [])).present).toEqual(["c", "d"]);
});

test("[BOARD2] what has closed goes with the next hint to the same agent, or by itself after five seconds; the winner knows", async () => {
  const board = begin();
  for (const id of ["a", "b", "winner"]) await come(board, id);
  await board.post(offer("t:0:1"), true, []);
  const closed = event("t:0:1.closed", "nerve.offer.closed");
  await board.close("t:0:1", closed, [], "winner");
  expect(told).toEqual([]);
  await board.leave("b", now + 1);
  const next = await board.post(offer("u:0:1"), true, []);
  expect(next.along).toEqual([{ event: closed, agents: ["a"] }]);
  await board.close("u:0:1", event("u:0:1.closed", "nerve.offer.closed"), [], null);
  now = alarmAt as number;
  board.alarm();
  expect(told.map(([agent, hint]) => [agent, hint.closed.map(({ id }) => id)])).toEqual([
    ["a", ["u:0:1.closed"]],
    ["winner", ["u:0:1.closed"]],
  ]);
});

test("[BOARD2] an agent that was away when an offer closed is told as it comes", async () => {
  const board = begin();
  await come(board, "a");
  await board.post(offer("t:0:1"), true, []);
  await board.leave("a", now + 1);
  const closed = event("t:0:1.closed", "nerve.offer.closed");
  await board.close("t:0:1", closed, ["a"], null);
  expect(await board.attend({ card: card("a"), until: null, known: ["t:0:1"] })).toMatchObject({ offers: [], closed: [closed], over: [] });
  // A renewal that was on its way changes nothing.
  expect(await board.post(offer("t:0:1"), false, [])).toMatchObject({ present: [], fresh: [] });
});

test("[BOARD16] an agent that comes again is told once more what it was told had closed, for a quarter of a minute, and what waits for it", async () => {
  const board = begin();
  await come(board, "a");
  await board.post(offer("t:0:1"), true, []);
  await board.post(offer("t:0:2"), true, []);
  const closed = [1, 2].map((index) => event(`t:0:${index}.closed`, "nerve.offer.closed")) as [CloudEvent, CloudEvent];
  await board.close("t:0:1", closed[0], [], null);
  now = alarmAt as number;
  board.alarm();
  await board.close("t:0:2", closed[1], [], null);
  // Its object has crashed, and knows of nothing.
  expect((await come(board, "a")).closed).toEqual([closed[1], closed[0]]);
  expect((await come(board, "b")).closed).toEqual([]);
  now += boardLimits.repeated + 1;
  expect((await come(board, "a")).closed).toEqual([]);
});

test("[BOARD2] an offer that stays open is written down by whoever was shown it: told once, after five seconds", async () => {
  const board = begin();
  await come(board, "a");
  await board.post(offer("t:0:1"), true, []);
  now = alarmAt as number;
  board.alarm();
  expect(told).toEqual([["a", { closed: [], keep: true }]]);
  board.alarm();
  expect(told).toHaveLength(1);
});

test("[BOARD3] a board that was lost has who is online by the index, and what threads offer that wait for a claim", async () => {
  online = [card("asleep")];
  open = [offer("t:0:1")];
  const board = begin();
  expect((await board.post(offer("u:0:1"), true, [])).present).toEqual(["asleep"]);
  const page = await come(board, "a");
  expect(page.offers.map((each) => each.offer)).toEqual(["u:0:1", "t:0:1"]);
  expect(page.young).toBe(true);
});

test("[BOARD3] an agent that the index had not heard of yet as the board was lost is told as the offer is renewed; who left meanwhile is not", async () => {
  online = [card("leaves")];
  const board = begin();
  expect((await board.post(offer("t:0:1"), true, [])).present).toEqual(["leaves"]);
  await board.leave("leaves", now + 1);
  online = [card("leaves"), card("came")];
  now += 5_000;
  expect(await board.post(offer("t:0:1"), false, [])).toMatchObject({ present: ["came"], fresh: ["came"] });
});

test("[BOARD12] a board that begins anew tells those who are online that an offer has closed; what it is told once more it does not say again", async () => {
  online = [card("a")];
  const board = begin();
  const closed = event("t:0:1.closed", "nerve.offer.closed");
  for (let times = 0; times < 2; times++) {
    await board.close("t:0:1", closed, ["a", "winner"], "winner");
    now = Math.max(now, alarmAt as number);
    board.alarm();
  }
  expect(told).toEqual([["a", { closed: [closed], keep: true }]]);
});

test("[BOARD13] what has closed is told to those that come back to a new board, whether or not they know what they were shown", async () => {
  const board = begin();
  const closed = event("t:0:1.closed", "nerve.offer.closed");
  // The thread says it before they are there.
  await board.close("t:0:1", closed, ["knows", "forgot", "winner"], "winner");
  const knows = await board.attend({ card: card("knows"), until: null, known: ["t:0:1"] });
  expect([knows.closed, (await come(board, "forgot")).closed, (await come(board, "winner")).closed]).toEqual([[closed], [closed], []]);
  // Its object may have died as it was told: it is told again for a while, and then no more.
  expect((await come(board, "forgot")).closed).toEqual([closed]);
  now += boardLimits.notes;
  board.alarm();
  expect(told).toEqual([]);
  now += boardLimits.repeated - boardLimits.notes;
  expect((await come(board, "forgot")).closed).toEqual([closed]);
  now += 1;
  expect((await come(board, "forgot")).closed).toEqual([]);
});

test("[BOARD13] what closes on a new board goes to those that are not back for a minute, be the machine ever so slow, and then to those alone that are there", async () => {
  const board = begin();
  await come(board, "here");
  now += boardLimits.comeBack - 1;
  await board.close("t:0:1", event("t:0:1.closed", "nerve.offer.closed"), ["here", "away"], null);
  now += boardLimits.notes;
  board.alarm();
  await board.close("t:0:2", event("t:0:2.closed", "nerve.offer.closed"), ["here", "away"], null);
  now += boardLimits.notes;
  board.alarm();
  expect(told.map(([agent, { closed }]) => [agent, closed.map(({ id }) => id)])).toEqual([
    ["here", ["t:0:1.closed"]],
    ["away", ["t:0:1.closed"]],
    ["here", ["t:0:2.closed"]],
  ]);
});

test("[BOARD13] an agent that looks for itself is told what was to go to it later, though it knows of nothing", async () => {
  const board = begin();
  await come(board, "a");
  now += boardLimits.young;
  await board.close("t:0:2", event("t:0:2.closed", "nerve.offer.closed"), ["a"], null);
  expect((await come(board, "a")).closed).toMatchObject([{ id: "t:0:2.closed" }]);
});

test("[BOARD3] what nobody renews is gone after a minute and a half, and whoever knows of it is told that it is over", async () => {
  const board = begin();
  await board.post(offer("t:0:1"), true, []);
  now += boardLimits.kept - 1;
  expect((await come(board, "a")).offers).toHaveLength(1);
  now += 1;
  expect(await board.attend({ card: card("a"), until: null, known: ["t:0:1"] })).toMatchObject({
    offers: [],
    over: ["t:0:1"],
    young: false,
  });
});

test("[BOARD19] of what an agent knows and a board that begins anew does not, the threads say whether it is over, and no more than a few are asked", async () => {
  const board = begin();
  asked.set("t", [offer("t:1:2")]).set("u", []);
  const known = ["t:1:1", "t:1:2", "u:0:1", "away:0:1"];
  const page = await board.attend({ card: card("a"), until: null, known });
  const listClosed = ({ closed }: { closed: CloudEvent[] }) => closed.map(({ id }) => id);
  expect(listClosed(page)).toEqual(["t:1:1.closed", "u:0:1.closed"]);
  expect(page).toMatchObject({ over: [], young: true });
  expect(page.offers.map((each) => each.offer)).toEqual(["t:1:2"]);
  for (let index = 0; index < 40; index++) asked.set(`many${index}`, []);
  const many = [...asked.keys()].filter((thread) => thread.startsWith("many")).map((thread) => `${thread}:0:1`);
  expect(listClosed(await board.attend({ card: card("a"), until: null, known: many }))).toHaveLength(boardLimits.askedAtOnce);
});

test("[BOARD3] while the index cannot be asked the board has what it is told", async () => {
  const warned = vi.spyOn(console, "warn").mockImplementation(() => {});
  const board = createBoard({
    now: () => now,
    setAlarm: () => {},
    readOnline: () => Promise.reject(new Error("no D1")),
    readOpen: () => Promise.reject(new Error("no D1")),
    ask: () => Promise.reject(new Error("no thread")),
    tell: () => {},
  });
  await come(board, "a");
  expect((await board.post(offer("t:0:1"), true, [])).present).toEqual(["a"]);
  expect(warned).toHaveBeenCalled();
});

test("[BOARD4] an offer is told to a thousand agents at most, and what has no room on the board to those only that are there", async () => {
  const board = begin();
  for (let index = 0; index < 1_010; index++) await come(board, `r${String(index).padStart(4, "0")}`);
  const { present } = await board.post(offer("t:0:1"), true, []);
  expect([present.length, present.at(-1)]).toEqual([1_000, "r0999"]);
  const goal = "x".repeat(1_000_000);
  for (let index = 0; index < 16; index++)
    await board.post({ ...offer(`u:0:${index}`), event: { ...event("e"), data: { goal } } }, true, []);
  const page = await come(board, "late");
  expect(page.offers.length).toBeLessThan(17);
  const beyond = await board.post({ ...offer("v:0:1"), event: { ...event("e"), data: { goal } } }, true, []);
  expect([beyond.present.length, beyond.unposted]).toEqual([1_000, true]);
  expect(await board.post(offer("t:0:1"), false, [])).not.toHaveProperty("unposted");
});
