/** [LIVE1] What follows from a lost holder or a bad turn: each policy of a role, on the real objects in plain Node. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { TurnAssigned } from "../../src/contract/kinds/turn.ts";
import { begin, type RoleRules, type Stage } from "./liveness-stage.ts";

beforeEach(() => {
  for (const kind of ["warn", "error"] as const) vi.spyOn(console, kind).mockImplementation(() => {});
});
afterEach(() => void vi.restoreAllMocks());

const policies: [string, RoleRules, (stage: Stage) => Promise<void>][] = [
  [
    "an open role, offline.then rerecruit: the role is offered again",
    {},
    async ({ second, show }) => {
      expect((await show()).status).toBe("running");
      await second.claim();
      expect((await second.turn()).lease.generation).toBe(2);
    },
  ],
  [
    "an open role, offline.then wait: the turn waits, however long",
    { reviewer: "offline: { grace: 4s, then: wait }" },
    async ({ first, pass, author, show }) => {
      await pass(600, author);
      expect((await show()).roles.reviewer).toMatchObject({ agent: "first", generation: 1 });
      expect(await first.answer(await first.turn(), "approved")).toMatchObject({ status: "accepted" });
      expect((await show()).status).toBe("completed");
    },
  ],
  [
    "an open role, offline.then suspend: a person is asked, and whoever is back goes on",
    { reviewer: "offline: { grace: 4s, then: suspend }" },
    async ({ first, show, cluster, thread }) => {
      expect(await show()).toMatchObject({ status: "suspended", waiting: { for: "person", reason: "lost:reviewer" } });
      await first.poll();
      await cluster.thread(thread).recruitment.control("resume", "ops", {});
      await cluster.settle();
      const turn = await first.turn();
      expect(turn).toMatchObject({ lease: { generation: 1 }, resumed: { reason: "lost:reviewer" } });
      expect(await first.answer(turn, "approved")).toMatchObject({ status: "accepted" });
      expect((await show()).status).toBe("completed");
    },
  ],
  [
    "an open role, offline.then end: the thread fails",
    { reviewer: "offline: { grace: 4s, then: end }" },
    async ({ show }) => expect(await show()).toMatchObject({ status: "failed", error: "lost:reviewer" }),
  ],
  [
    "an open role with an edge for $OFFLINE: the graph says",
    { reviewer: "offline: { grace: 4s, then: suspend }", edges: '$OFFLINE: { role: author, prompt: "Nobody reviews." }' },
    async ({ author, show }) => {
      expect(await author.turn()).toMatchObject({ prompt: "Nobody reviews.", last: { role: "reviewer", output: { $status: "$OFFLINE" } } });
      expect((await show()).status).toBe("running");
    },
  ],
];

test.each(policies)("[LIVE1] %s", async (_, rules, judge) => {
  const stage = await begin(rules);
  await stage.first.claim();
  await stage.first.turn();
  await stage.pass(14, stage.author, stage.second);
  await judge(stage);
});

const named: [string, RoleRules, (stage: Stage) => Promise<void>][] = [
  [
    "a named role, offline.then wait: its turn is queued until it is back",
    { author: "offline: { grace: 4s, then: wait }" },
    async ({ author, show }) => {
      expect(await show()).toMatchObject({ status: "running", turn: { role: "author" } });
      expect(await author.answer(await author.turn(), "updated")).toMatchObject({ status: "accepted" });
      expect(await show()).toMatchObject({ turn: { role: "reviewer" } });
    },
  ],
  [
    "a named role, offline.then suspend: the thread waits for a person",
    { author: "offline: { grace: 4s, then: suspend }" },
    async ({ show }) => expect(await show()).toMatchObject({ status: "suspended", waiting: { reason: "lost:author" } }),
  ],
  [
    "a named role, offline.then end: the thread fails",
    { author: "offline: { grace: 4s, then: end }" },
    async ({ show }) => expect(await show()).toMatchObject({ status: "failed", error: "lost:author" }),
  ],
];

test.each(named)("[LIVE1] %s", async (_, rules, judge) => {
  const stage = await begin(rules);
  await stage.first.claim();
  await stage.first.answer(await stage.first.turn(), "changes_requested");
  await stage.pass(60, stage.first, stage.second);
  await judge(stage);
});

const turns: [string, "timeout" | "fail", string, (stage: Stage, turn: TurnAssigned) => Promise<void>][] = (
  ["timeout", "fail"] as const
).flatMap((fault) => {
  const key = fault === "timeout" ? "on_timeout" : "on_fail";
  const why = fault === "timeout" ? "turn_timeout" : "turn_failed";
  const status = fault === "timeout" ? "$TIMEOUT" : "$FAILED";
  const row = (policy: string, judge: (stage: Stage, turn: TurnAssigned) => Promise<void>): (typeof turns)[number] => [
    `${key}: ${policy}`,
    fault,
    `turn: { timeout: 30s, ${key}: ${policy} }`,
    judge,
  ];
  return [
    row("retry", async ({ first, show }, turn) => {
      const again = await first.turn();
      expect(again).toMatchObject({ turn: turn.turn, attempt: 2, retries: key === "on_fail" ? 100 : 0, lease: { generation: 1 } });
      expect(await first.answer(again, "approved")).toMatchObject({ status: "accepted" });
      expect((await show()).status).toBe("completed");
    }),
    row("rerecruit", async ({ first, second }, turn) => {
      await second.claim();
      const handed = await second.turn();
      expect(handed).toMatchObject({ turn: turn.turn, lease: { generation: 2 }, handover: { agent: "first", why } });
      expect(await first.answer(turn, "approved")).toMatchObject({ error: { code: "stale_lease", reason: why } });
      expect(await second.answer(handed, "approved")).toMatchObject({ status: "accepted" });
    }),
    row("suspend", async ({ show }) => expect(await show()).toMatchObject({ status: "suspended", waiting: { reason: why } })),
    row("end", async ({ show }) => expect(await show()).toMatchObject({ status: "failed", error: why })),
    row("forfeit", async ({ author }) =>
      expect(await author.turn()).toMatchObject({ prompt: "No review.", last: { role: "reviewer", output: { $status: status } } }),
    ),
  ];
});

test.each(turns)("[TASK8] a bad turn, %s", async (_, fault, rule, judge) => {
  const status = fault === "timeout" ? "$TIMEOUT" : "$FAILED";
  const stage = await begin({ reviewer: rule, edges: /forfeit/.test(rule) ? `${status}: { role: author, prompt: "No review." }` : "" });
  await stage.first.claim();
  const turn = await stage.first.turn();
  if (fault === "timeout") await stage.pass(31, stage.first, stage.author, stage.second);
  else await stage.first.send("nerve.turn.fail", { turn: turn.turn, lease: 1, error: "broken", retryable: false });
  await judge(stage, turn);
});
