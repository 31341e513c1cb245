/** [ROOM] An agent that somebody floods keeps its offers and its turns, and who writes to it is told what did not arrive. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Accepted } from "../../src/contract/frames/server-frames.ts";
import { agentLimits } from "../../src/durable/agent/agent-schema.ts";
import { createThreadCluster, type ThreadCluster, token } from "./thread-cluster.ts";

const workflow = `
name: greet
binding: cloud
description: Bob greets.
reflexes:
  - { kind: workflow, on: [greet.asked] }
roles:
  greeter:
    type: named
    agent: bob
    description: Bob.
    goal: Greet.
    frontmatter: { type: object, properties: { $status: { const: done } }, required: [$status] }
graph:
  $START:
    new: { role: greeter, prompt: "Greet" }
  greeter:
    done: { role: $END, prompt: "greeted" }
`;

beforeEach(() => {
  for (const kind of ["warn", "error"] as const) vi.spyOn(console, kind).mockImplementation(() => {});
});
afterEach(() => void vi.restoreAllMocks());

async function open(): Promise<ThreadCluster> {
  const agents = ["mallory", "bob", "ann"].map((id) => ({ id, capabilities: [], roles: null, kinds: null }));
  return createThreadCluster({ workflow, agents, fate: () => "arrives" });
}

async function post(cluster: ThreadCluster, agent: string, ...events: object[]): Promise<Accepted[]> {
  const answer = await cluster.agent(agent).accept({ agent, token }, events);
  if (!answer.ok) throw new Error(answer.problem.detail);
  return answer.value as Accepted[];
}

test("[ROOM4] a flooded agent still gets its turn; the flooder is told, others are delivered, and the log says of each who did not get it", async () => {
  const cluster = await open();
  const notes: string[] = [];
  for (let batch = 0; batch < 13; batch++) {
    const events = Array.from({ length: 100 }, (_, index) => ({ id: `f${batch}-${index}`, type: "spam", to: "agents/bob,agents/ann" }));
    for (const answer of await post(cluster, "mallory", ...events)) notes.push(...(answer.notes ?? []));
    await cluster.advance(1_000);
  }
  // Each event that is beyond the bound is told of, to its sender and in the log, for each mailbox.
  expect(notes).toHaveLength(2 * (1_300 - agentLimits.mailOfSender));
  expect(notes[0]).toMatch(/^agents\/bob: not delivered, its mailbox has no room/);
  const refused = [...cluster.log.values()].map(({ row }) => row.event).filter(({ type }) => type === "nerve.delivery.refused");
  expect(refused).toHaveLength(notes.length);
  expect(refused[0]).toMatchObject({ causationid: expect.any(String), data: { source: "/agents/mallory", code: "mailbox_full" } });

  const [late] = await post(cluster, "ann", { id: "late", type: "hello", to: "agents/bob" });
  expect(late).toMatchObject({ status: "accepted", notes: [], recipients: 1 });
  await cluster.advance(1_000);
  expect(cluster.agent("bob").delivered({ source: "/agents/ann", id: "late" })).toMatchObject({ status: "waiting" });
  expect(cluster.agent("bob").delivered({ source: "/agents/mallory", id: "f12-99" })).toMatchObject({ status: "absent" });

  const [asked] = (await post(cluster, "ann", { id: "ask", type: "greet.asked" })) as [Accepted];
  const [thread] = asked.threads as [string];
  await cluster.advance(1_000);
  const shown = await cluster.thread(thread).recruitment.show(null);
  expect(shown).toMatchObject({ ok: true, value: { status: "running", turn: { role: "greeter", agent: "bob" } } });
  const me = await cluster.agent("bob").me({ agent: "bob", token });
  expect(me).toMatchObject({ ok: true, value: { turns: [{ thread }] } });
});

test("[ROOM5] the same event again is answered the same, also when there is room meanwhile", async () => {
  const cluster = await open();
  for (let batch = 0; batch < 10; batch++)
    await post(
      cluster,
      "mallory",
      ...Array.from({ length: 100 }, (_, index) => ({ id: `f${batch}-${index}`, type: "spam", to: "agents/bob" })),
    );
  await cluster.advance(1_000);
  const event = { id: "one-more", type: "spam", to: "agents/bob" };
  const [first] = await post(cluster, "mallory", event);
  expect(first?.notes).toHaveLength(1);
  await cluster.agent("bob").ack({ agent: "bob", token }, { seq: 1_000_000, channel: "my" });
  expect(await post(cluster, "mallory", event)).toEqual([first]);
  expect((await post(cluster, "mallory", { ...event, id: "another" }))[0]?.notes).toEqual([]);
});

test("[ACC11] an event that names a thread in which its sender takes no part is not of that thread, and the sender is told", async () => {
  const cluster = await open();
  const [asked] = (await post(cluster, "ann", { id: "ask", type: "greet.asked" })) as [Accepted];
  const [thread] = asked.threads as [string];
  // Before it is there.
  expect((await post(cluster, "ann", { id: "at-once", type: "note", correlationid: thread }))[0]?.notes).toEqual([]);
  await cluster.advance(1_000);
  const inLog = (id: string) => [...cluster.log.values()].map(({ row }) => row).find(({ event }) => event.id === id);
  for (const [index, correlationid] of [thread, `${thread.slice(0, -1)}a`].entries()) {
    const [strange] = await post(cluster, "mallory", { id: `strange-${index}`, type: "note", correlationid });
    expect(strange).toMatchObject({ status: "accepted", notes: [expect.stringContaining("take no part")] });
    await cluster.advance(1_000);
    expect(inLog(`strange-${index}`)).toMatchObject({ thread: null });
    expect(inLog(`strange-${index}`)?.event).not.toHaveProperty("correlationid");
  }
  // Who takes part, began it, or runs the server speaks in it; what is no thread's id is the sender's own affair.
  for (const agent of ["bob", "ann"]) {
    const [own] = await post(cluster, agent, { id: `own-${agent}`, type: "note", correlationid: thread });
    expect(own).toMatchObject({ status: "accepted", notes: [] });
    await cluster.advance(1_000);
    expect(inLog(`own-${agent}`)).toMatchObject({ thread });
  }
  const [order] = await post(cluster, "mallory", { id: "order", type: "note", correlationid: "order-17" });
  expect(order).toMatchObject({ status: "accepted", notes: [] });
});
