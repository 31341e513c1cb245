import { expect, test } from "vitest";
import type { OfferOpened, Step, TurnAssigned } from "../../../src/client/contract-types.ts";
import { cut, takePage } from "../../../src/mcp/cut.ts";
import { mcpLimits } from "../../../src/mcp/limits.ts";
import { showOffers, showSteps, showTurn } from "../../../src/mcp/show.ts";
import { makeOffer, makeTurn } from "../client/fixture.ts";

const now = Date.parse("2026-01-01T00:00:00Z");
const assigned = (more: object) => makeTurn("t1.1:1", { deadline: "2026-01-01T00:30:00Z", ...more }) as unknown as TurnAssigned;
const show = (turn: TurnAssigned) => showTurn({ turn, invalid: undefined, sending: false }, now);

test("[STDIO4] a turn is shown with what to do, by when, the role, what came before, and the schema of its answer", () => {
  const { text, rest } = show(
    assigned({
      role: { name: "reviewer", schema: { type: "object" }, procedure: "Read it." },
      last: { role: "author", agent: "bob", output: { $status: "updated" }, body: "# What I did\n```json\n{}\n```" },
      resumed: { reason: "a person answered", supplement: { budget: 7 } },
      location: "https://example.com/pr/1",
    }),
  );
  expect(text).toMatch(/^# Turn t1\.1:1\n\nYou hold the role \*\*reviewer\*\* of the workflow \*\*code-review\*\*, thread t1, round 1\./);
  expect(text).toContain("before 2026-01-01T00:30:00Z (in 30 min)");
  for (const part of ["Review it.", "**procedure**: Read it.", "By author (bob):", "# What I did", '"budget": 7', "example.com/pr/1"])
    expect(text).toContain(part);
  expect(text).toMatch(/## The JSON Schema of `output`\n\n```json\n\{\n {2}"type": "object"\n\}\n```/);
  expect(rest).toEqual([]);
});

test("[STDIO4] a turn with everything at its largest stays readable: each part is cut, says so, and links to the rest", () => {
  const long = "é".repeat(100_000);
  const { text, rest } = show(
    assigned({
      prompt: long,
      role: { name: "reviewer", schema: { type: "object", description: long }, procedure: long },
      last: { role: "author", agent: null, output: { long }, body: long },
      handover: { agent: "carol", long },
      event: { id: "e", data: { long } },
    }),
  );
  expect(Buffer.byteLength(text)).toBeLessThan(40 * 1024);
  expect(text).not.toContain("\uFFFD");
  expect(text).toContain('for the rest call `get_turn` with part "prompt", or read nerveflare://turns/t1.1:1/prompt]');
  expect(rest.map(({ uri }) => uri.split("/").at(-1))).toEqual(["prompt", "role", "last", "handover", "event", "schema"]);
});

test("[STDIO4] pages of a text give all of it, each letter once", () => {
  const text = `a${"😀é".repeat(1_000)}`;
  let read = "";
  for (let from: number | undefined = 0; from !== undefined; ) {
    const page = takePage(text, from, 101);
    expect(Buffer.byteLength(page.text)).toBeLessThanOrEqual(101);
    read += page.text;
    from = page.next;
  }
  expect(read).toBe(text);
  expect(takePage(text, 2, 8).text.codePointAt(0)).toBe("😀".codePointAt(0));
  expect(cut("short", 100, "nowhere")).toEqual({ text: "short", cut: false });
});

test("[STDIO4] of many offers and of long threads as many are shown as fit, the first ones", () => {
  const offers = Array.from({ length: 50 }, (_, n) => makeOffer(`t${n}:0:1`, { goal: "x".repeat(5_000) }) as unknown as OfferOpened);
  const listed = showOffers(offers);
  expect(listed).toContain(`- and ${50 - mcpLimits.offers} more`);
  expect(Buffer.byteLength(listed)).toBeLessThan(mcpLimits.pageBytes);
  const steps: Step[] = Array.from({ length: 50 }, (_, n) => ({
    round: n + 1,
    role: "r",
    agent: "a",
    output: { x: "y".repeat(2_000) },
    at: "now",
  }));
  const page = showSteps(steps, mcpLimits.pageBytes);
  expect(page.shown).toBeGreaterThan(5);
  expect(page.shown).toBeLessThan(50);
  expect(Buffer.byteLength(page.text)).toBeLessThanOrEqual(mcpLimits.pageBytes);
  const [first] = steps;
  if (first) expect(showSteps([{ ...first, output: { x: "y".repeat(200_000) } }], mcpLimits.pageBytes)).toMatchObject({ shown: 1 });
});
