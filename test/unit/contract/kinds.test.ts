import { globSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { kindPattern } from "../../../src/contract/event.ts";
import { agentKinds, isThreadKind } from "../../../src/contract/kinds/agent-kinds.ts";
import { engineKinds } from "../../../src/contract/kinds/engine-kinds.ts";
import { makeEngineEvent } from "../../../src/contract/kinds/make-engine-event.ts";
import { makeThreadEvent } from "../../../src/durable/thread/log/make-event.ts";

const kinds = Object.keys({ ...agentKinds, ...engineKinds });

test("[KIND10] each kind is declared once, by one side, with who takes it or whom it reaches", () => {
  expect(new Set(kinds).size).toBe(Object.keys(agentKinds).length + Object.keys(engineKinds).length);
  for (const kind of kinds) expect(kind).toMatch(kindPattern);
  for (const { summary, accepted } of Object.values(agentKinds))
    for (const said of [summary, accepted]) expect(said).toMatch(/^[A-Z].*\.$/);
  for (const [kind, { summary, channel, audience }] of Object.entries(engineKinds)) {
    expect(summary).toMatch(/^[A-Z].*\.$/);
    expect(channel === null, kind).toBe(audience === "nobody");
  }
});

test("[KIND10] no other kind of the orchestrator's is named anywhere in the source", () => {
  const named = globSync("{machines,src}/**/*.ts").flatMap((file) =>
    [...readFileSync(file, "utf8").matchAll(/["'`](nerve\.[a-z_-]+\.[a-z_-]+)["'`]/g)].map(([, kind = ""]) => `${file}: ${kind}`),
  );
  expect(named.length).toBeGreaterThan(50);
  expect(named.filter((each) => !kinds.includes(each.slice(each.indexOf(": ") + 2)))).toEqual([]);
});

test("[KIND10] an event of the orchestrator's is made of a declared kind and of that kind's data, else it does not compile", () => {
  const now = Date.parse("2026-11-20T12:00:00Z");
  const attributes = { id: "e", source: "/threads/t", correlationid: "t", causationid: "c" };
  const made = makeEngineEvent("nerve.turn.revoked", attributes, now, { turn: "t:1", reason: "lost" });
  expect(made).toEqual({
    ...{ specversion: "1.0", id: "e", source: "/threads/t", type: "nerve.turn.revoked", time: "2026-11-20T12:00:00.000Z" },
    ...{ correlationid: "t", causationid: "c", data: { turn: "t:1", reason: "lost" } },
  });
  // @ts-expect-error no such kind
  makeEngineEvent("nerve.turn.forgotten", attributes, now, { turn: "t:1", reason: "lost" });
  // @ts-expect-error a member too few
  makeEngineEvent("nerve.turn.revoked", attributes, now, { turn: "t:1" });
  // @ts-expect-error a member of another kind
  makeEngineEvent("nerve.turn.revoked", attributes, now, { turn: "t:1", reason: "lost", offer: "o" });
  // @ts-expect-error the same where a thread says it
  makeThreadEvent("t", "e", "nerve.offer.closed", "c", now, { offer: "o", why: 7 });
});

test("[KIND10] what a thread takes is judged by the actor that the table names", () => {
  const taken = Object.entries(agentKinds).map(([kind, { takes }]) => [kind, takes] as const);
  for (const [kind, takes] of taken) expect(isThreadKind(kind as keyof typeof agentKinds)).toBe(takes !== "agent");
});
