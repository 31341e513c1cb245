/** What a newer sender says beyond what is known: it survives every hop, at every level. Whole threads in memory. */
import { readFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { CloudEvent, Json } from "../../src/contract/event.ts";
import type { Accepted, Rejected } from "../../src/contract/frames/server-frames.ts";
import type { TurnAssigned } from "../../src/contract/kinds/turn.ts";
import { createThreadCluster, type ThreadCluster, token } from "./thread-cluster.ts";

const workflow = readFileSync("workflows/code-review.yaml", "utf8");
/** Members that nobody knows, on several levels. */
const later: Json = { deep: [{ of: { a: { newer: [1, "two", null, { three: true }] } } }], kind: "nerve.turn.respond" };

beforeEach(() => {
  for (const kind of ["warn", "error"] as const) vi.spyOn(console, kind).mockImplementation(() => {});
});
afterEach(() => void vi.restoreAllMocks());

async function post(cluster: ThreadCluster, agent: string, event: { id: string; type: string; [attribute: string]: Json }) {
  const answer = await cluster.agent(agent).accept({ agent, token }, [event]);
  if (!answer.ok) throw new Error(answer.problem.detail);
  const [first] = answer.value as [Accepted | Rejected];
  expect(first).toMatchObject({ status: "accepted" });
  await cluster.advance(1_000);
  return first as Accepted;
}

async function inbox(cluster: ThreadCluster, agent: string): Promise<CloudEvent[]> {
  const page = await cluster.agent(agent).inbox({ agent, token }, { channels: ["my", "open"], waitSeconds: 0, limit: 200 });
  if (!page.ok) throw new Error(page.problem.detail);
  return page.value.events.map(({ event }) => event);
}

async function me(cluster: ThreadCluster, agent: string): Promise<{ turns: TurnAssigned[]; offers: { offer: string }[] }> {
  const answer = await cluster.agent(agent).me({ agent, token });
  if (!answer.ok) throw new Error(answer.problem.detail);
  return answer.value as never;
}

/** The event as the log has it. */
function logged(cluster: ThreadCluster, id: string): CloudEvent | undefined {
  return [...cluster.log.values()].find(({ row }) => row.event.id === id)?.row.event;
}

test("[KIND9] unknown members survive every hop, at every level", async () => {
  const agents = [
    { id: "author", capabilities: ["coding"], roles: null, kinds: null },
    { id: "r1", capabilities: ["code-review"], roles: null, kinds: null },
  ];
  const cluster = await createThreadCluster({ workflow, agents, fate: () => "arrives" });

  // Posted event → mailbox → what its receiver is given, and the log.
  const told = { id: "told", type: "a.b", to: "agents/r1", newattribute: "x", count: 3, data: { known: 1, later } };
  await post(cluster, "author", told);
  const given = (await inbox(cluster, "r1")).find(({ id }) => id === "told");
  expect(given).toMatchObject({ ...told, source: "/agents/author" });
  expect(logged(cluster, "told")).toMatchObject(told);

  // Initiating event → thread → task → turn.
  const ready = { id: "ready", type: "pr.ready_for_review", newattribute: "y", data: { repo: "n", pr: 1, later } };
  const { threads } = await post(cluster, "author", ready);
  const [thread = ""] = threads;
  expect((await me(cluster, "author")).turns.length + (await me(cluster, "r1")).offers.length).toBeGreaterThan(0);
  const shown = await cluster.thread(thread).recruitment.show(null);
  expect(shown.ok && shown.value.event).toMatchObject(ready);

  // Report → card; offer → claim → log.
  await post(cluster, "r1", { id: "report", type: "nerve.agent.report", data: { labels: { later }, later } });
  expect(logged(cluster, "report")?.data).toEqual({ labels: { later }, later });
  expect(await cluster.agent("r1").standing(null)).toMatchObject({ card: { labels: { later } } });
  const [{ offer } = { offer: "" }] = (await me(cluster, "r1")).offers;
  await post(cluster, "r1", { id: "claim", type: "nerve.offer.claim", data: { offer, bid: { later }, card: { later }, later } });
  expect(logged(cluster, "claim")?.data).toEqual({ offer, bid: { later }, card: { later }, later });

  // Turn → progress and answer → message → the next turn.
  const [turn] = (await me(cluster, "r1")).turns;
  expect(turn?.event).toMatchObject(ready);
  const lease = turn?.lease.generation ?? 0;
  await post(cluster, "r1", {
    id: "half",
    type: "nerve.turn.progress",
    data: { turn: turn?.turn ?? "", lease, details: { later }, later },
  });
  expect(logged(cluster, "half")?.data).toMatchObject({ details: { later }, later });
  const output = { $status: "changes_requested", changes: ["a test"], later };
  await post(cluster, "r1", {
    id: "answer",
    type: "nerve.turn.respond",
    newattribute: "z",
    data: { turn: turn?.turn ?? "", lease, output, later },
  });
  expect(logged(cluster, "answer")).toMatchObject({ newattribute: "z", data: { output, later } });
  const messages = await cluster.thread(thread).recruitment.messages(null, { limit: 50 });
  expect(messages).toMatchObject({ value: { messages: [{ output }] } });
  const [next] = (await me(cluster, "author")).turns;
  expect(next).toMatchObject({ event: ready, last: { output } });
});
