/** What the account says of an agent's turns, given what passed. */
import { expect, test } from "vitest";
import { createTurnCounter } from "../../../src/chaos/count-turns.ts";
import { chaosLimits } from "../../../src/chaos/limits.ts";

const give = (turn: string) => ({ id: `g-${turn}`, type: "nerve.turn.assigned", data: { turn } });
const answer = (turn: string, output: object, id = `a-${turn}`) => ({ id, type: "nerve.turn.respond", data: { turn, lease: 1, output } });
const take = (id: string) => ({ id, status: "accepted", threads: [], notes: [] });

test("[CHAOS2] a turn that is given again, and answered again by the same answer, is one turn answered once", () => {
  const counter = createTurnCounter();
  counter.given(give("t"));
  counter.sent(answer("t", { ok: 1 }));
  counter.given(give("t"));
  counter.sent(answer("t", { ok: 1 }));
  counter.answered(take("a-t"));
  counter.answered(take("a-t"));
  // Under the lease of a later connection it is another event, and says the same.
  counter.sent(answer("t", { ok: 1 }, "a-t-2"));
  expect(counter.read()).toEqual({ given: 1, answered: 1, failed: 0, repeated: 1, open: [], twice: [] });
});

test.each([
  ["under the same id", "a-t"],
  ["under another id", "b-t"],
])("[CHAOS2] a turn that was performed twice is found by answers that say different things, %s", (_, id) => {
  const counter = createTurnCounter();
  counter.given(give("t"));
  counter.sent(answer("t", { text: "first" }));
  counter.answered(take("a-t"));
  counter.sent(answer("t", { text: "second" }, id));
  expect(counter.read()).toMatchObject({ given: 1, answered: 1, twice: ["t"] });
});

test("[CHAOS2] an answer in place of one that was refused is no second one, and a failed turn may be answered later", () => {
  const counter = createTurnCounter();
  counter.given(give("t"));
  counter.sent(answer("t", { text: 1 }));
  counter.answered({ id: "a-t", error: { code: "output_invalid" } });
  counter.sent(answer("t", { text: "mended" }, "a-t:2"));
  counter.answered({ type: "accepted", id: "a-t:2" });
  counter.given(give("u"));
  counter.sent({ id: "f-u", type: "nerve.turn.fail", data: { turn: "u", error: "tired" } });
  counter.answered(take("f-u"));
  counter.sent(answer("u", { text: "rested" }));
  counter.answered(take("a-u"));
  counter.given(give("v"));
  expect(counter.read()).toEqual({ given: 3, answered: 2, failed: 1, repeated: 0, open: ["v"], twice: [] });
});

test("[CHAOS2] the account is bounded, and takes whatever passes", () => {
  const counter = createTurnCounter();
  for (let turn = 0; turn < chaosLimits.turns + 5; turn++) {
    counter.given(give(`t${turn}`));
    counter.sent(answer(`t${turn}`, {}));
    counter.answered(take(`a-t${turn}`));
  }
  for (const odd of [undefined, null, 1, "x", [], {}, { type: "nerve.turn.respond" }, { id: 1, type: "nerve.turn.respond", data: null }]) {
    counter.given(odd);
    counter.sent(odd);
    counter.answered(odd);
  }
  expect(counter.read()).toMatchObject({ given: chaosLimits.turns + 5, answered: chaosLimits.turns + 5, open: [], twice: [] });
});
