/** What a thread knows of those that it shows an offer: who is waited for, and who the board is told has gone. */
import { expect, test } from "vitest";
import type { Absent, HintAnswer, OfferHint, OpenOffer, Posted } from "../../../../src/durable/protocol/board.ts";
import { createOfferWatches } from "../../../../src/durable/thread/recruitment/watch-offers.ts";

const event = { specversion: "1.0" as const, id: "o", source: "/threads/t", type: "nerve.offer.opened", time: "2027-01-15T08:00:00Z" };
const offer: OpenOffer = {
  ...{ offer: "t:0:1", event, expires: 9_000 },
  terms: { workflow: "w", role: { name: "reviewer", eligibility: { all: [], notAgents: [] } } },
};

function open(answers: { [agent: string]: HintAnswer }, posted: Posted[]) {
  const absent: Absent[][] = [];
  const running: Promise<unknown>[] = [];
  const watches = createOfferWatches({
    clock: { now: () => 1_000 },
    scheduler: { background: (work) => void running.push(work) },
    board: {
      async post(_offer, _opening, gone) {
        absent.push(gone);
        return posted.shift() as Posted;
      },
      close: async () => {},
      attend: () => Promise.reject(new Error("not asked here")),
      leave: async () => {},
    },
    hint: async (agent: string, _hint: OfferHint) => answers[agent] as HintAnswer,
  });
  return { watches, absent, settle: () => Promise.all(running) };
}

test("[BOARD9] an agent that may not have the role is not waited for, and the board is not told that it has gone", async () => {
  const there: Posted = { present: ["away", "fits", "unfit"], fresh: [], along: [] };
  const { watches, absent, settle } = open({ fits: "fits", unfit: "unfit", away: "away" }, [there, there]);
  await watches.post(offer, null);
  watches.tell(offer.offer, there.present, { opened: offer }, []);
  await settle();
  expect(there.present.filter((agent) => watches.isWaitedFor(offer.offer, agent))).toEqual(["fits"]);
  await watches.post(offer, []);
  expect(absent.at(-1)?.map(({ agent }) => agent)).toEqual(["away"]);
  expect(watches.isWaitedFor(offer.offer, "unfit")).toBe(false);
});

test("[BOARD10] of an offer that has no room on the board those that came since the last look are told by the thread", async () => {
  const full = (...present: string[]): Posted => ({ present, fresh: [], along: [], unposted: true });
  const { watches } = open({}, [{ ...full("ann"), fresh: ["ann"] }, full("ann", "bea"), full("ann", "bea")]);
  expect((await watches.post(offer, null))?.fresh).toEqual(["ann"]);
  expect((await watches.post(offer, []))?.fresh).toEqual(["bea"]);
  expect((await watches.post(offer, []))?.fresh).toEqual([]);
});

test("[BOARD17] a thread that lost its memory waits for those that were there when it offered the role, until a board that began anew was asked again", async () => {
  const young: Posted = { present: ["ann"], fresh: [], along: [] };
  const { watches } = open({}, [young, { ...young, present: ["ann", "bea"] }]);
  const waitedFor = () => ["ann", "bea", "cleo", "who came later"].filter((agent) => watches.isWaitedFor(offer.offer, agent));
  await watches.post(offer, ["ann", "bea", "cleo"]);
  expect(waitedFor()).toEqual(["ann", "bea", "cleo"]);
  await watches.post(offer, ["ann", "bea", "cleo"]);
  expect(waitedFor()).toEqual(["ann", "bea"]);
});
