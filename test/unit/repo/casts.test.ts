/** [MSG5] Casts that no compiler checks, in the objects' code: each is listed with its reason, and one more than these fails here. */
import { globSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

/** Each line with such a cast, as `file: part of the line`, with why there is no way around it. */
const reasons: { cast: string; why: string }[] = [
  { cast: "environment.ts: namespace.get(namespace.idFromName(name))", why: "the platform's stub types wrap every answer for disposal" },
  { cast: "host/actor-at.ts: return address(at)", why: "XState wants an actor where it only passes a marker on" },
  { cast: "host/actor-at.ts: PARENT", why: "the same, for the parent" },
  {
    cast: "host/effects.ts: const child = action.params",
    why: "the params of stopChild are the reference itself, which XState does not say",
  },
  { cast: "host/effects.ts: (action.params ?? {})", why: "XState's union of actions is open: named ones are any string" },
  { cast: "host/references.ts: }", why: "a logic that nothing runs, which lacks what only a running one needs" },
  { cast: "host/logic.ts: const create = (logic", why: "a promise's function is no part of XState's types" },
  { cast: "host/logic.ts: { status: ", why: "asks a logic what it is, with as little of a snapshot as that takes" },
  { cast: "host/logic.ts: { type: ", why: "the same: its event" },
  { cast: "host/logic.ts: { self: ", why: "the same: its scope" },
  { cast: "host/step.ts: machine.restoreSnapshot(", why: "what is stored is XState's own snapshot, and no scope is needed" },
  { cast: "host/chart.ts: const joinGuards", why: "a machine that is data has no types of guards" },
  { cast: "host/chart.ts: const spawn", why: "the same, of actors" },
  { cast: "host/macrostep.ts: const open", why: "a machine's own parts, which XState's types leave out" },
  { cast: "host/macrostep.ts: const read", why: "the same, of a snapshot" },
  { cast: "host/macrostep.ts: const close", why: "the same, back again" },
  { cast: "agent/judge-event.ts: parsed.data.data", why: "parsed by its kind's schema on the line before" },
];

const unchecked = /\bas (?:unknown as|never|any)\b/;

test("[MSG5] each cast past the compiler in src/durable has its reason, and at most ten go by way of unknown", () => {
  const found = globSync("src/durable/**/*.ts").flatMap((path) =>
    readFileSync(path, "utf8")
      .split("\n")
      .filter((line) => unchecked.test(line) && !/^\s*(?:\/\/|\*)/.test(line))
      .map((line) => `${path.slice("src/durable/".length)}: ${line.trim()}`),
  );
  const isListed = (line: string): boolean =>
    reasons.some(({ cast }) => {
      const [file, part] = cast.split(": ", 1).concat(cast.slice(cast.indexOf(": ") + 2)) as [string, string];
      return line.startsWith(`${file}: `) && line.includes(part);
    });
  expect(found.filter((line) => !isListed(line))).toEqual([]);
  expect(found.length).toBe(reasons.length);
  expect(found.filter((line) => line.includes("as unknown as")).length).toBeLessThanOrEqual(10);
});
