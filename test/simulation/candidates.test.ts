/** Who could have a role that somebody holds: on the cluster in memory. */
import { expect, test } from "vitest";
import { createThreadCluster, token } from "./thread-cluster.ts";

const workflow = `name: news
binding: cloud
description: One writes, another edits.
reflexes:
  - { kind: workflow, on: [news.go] }
roles:
  writer:
    description: W.
    type: open
    capabilities: [write]
    eligibility: { where: "labels.person" }
    frontmatter: { properties: { $status: { const: written } }, required: [$status] }
  editor:
    description: E.
    type: open
    capabilities: [write]
    eligibility: { not: [writer] }
    frontmatter: { properties: { $status: { const: done } }, required: [$status] }
graph:
  $START: { new: { role: writer, prompt: "Write." } }
  writer: { written: { role: editor, prompt: "Edit." } }
  editor: { done: { role: $END, prompt: "Done." } }
`;

test("[EXPL8] [STORY15] who could have a role is said to those who take part: the fitting, those that are there first, and not its holder", async () => {
  const card = (id: string, capabilities = ["write"]) => ({ id, capabilities, roles: null, kinds: null });
  const agents = [card("ann"), card("away"), card("bob"), card("machine"), card("reader", ["read"]), card("zoe")];
  const cluster = await createThreadCluster({ workflow, agents, fate: () => "arrives" });
  let count = 0;
  const post = async (agent: string, type: string, data: object) => {
    const answer = await cluster.agent(agent).accept({ agent, token }, [{ specversion: "1.0", id: `e${++count}`, type, data }]);
    const [item] = answer.ok ? answer.value : [];
    if (item?.status !== "accepted") throw new Error(JSON.stringify(answer));
    await cluster.settle();
    return item;
  };
  const report = (agent: string, more: object = {}) => post(agent, "nerve.agent.report", { labels: { person: true }, ...more });
  await report("away");
  await cluster.advance(3_600_000);
  await report("zoe");
  await report("ann", { slots: 2 });
  await report("bob", { slots: 1 });
  for (const id of ["ann", "bob", "zoe"]) cluster.connections.set(id, {});
  const [thread = ""] = (await post("machine", "news.go", {})).threads as string[];
  await cluster.advance(1_000);
  const claim = async (agent: string, role: string) => {
    const me = await cluster.agent(agent).me({ agent, token });
    const { offers } = (me.ok ? me.value : {}) as { offers: { offer: string; role: string }[] };
    await post(agent, "nerve.offer.claim", { offer: offers.find((each) => each.role === role)?.offer });
    await cluster.advance(1_000);
  };
  await claim("bob", "writer");

  const root = cluster.thread(thread).recruitment;
  const writer = await root.candidates("bob", "writer");
  expect(writer).toMatchObject({ ok: true, value: { role: "writer", holder: "bob", more: false } });
  const names = writer.ok ? writer.value.candidates.map(({ agent, presence, free }) => [agent, presence, free]) : [];
  expect(names).toEqual([
    ["ann", "online", 2],
    ["zoe", "online", null],
    ["away", expect.stringMatching(/away|lost/), null],
  ]);
  // The editor is kept apart from whoever writes.
  const editor = await root.candidates(null, "editor");
  expect(editor.ok && editor.value.candidates.map(({ agent }) => agent).toSorted()).toEqual(["ann", "away", "machine", "zoe"]);
  expect(await root.candidates("reader", "writer")).toMatchObject({ ok: false, problem: { code: "not_found" } });
  expect(await root.candidates(null, "no-such")).toMatchObject({ ok: false, problem: { code: "not_found" } });

  await claim("zoe", "editor");
  // What both machines did is read of each from behind a step of its own.
  const read = async (page: object) => {
    const history = await root.history({ limit: 100, ...page });
    return history.ok ? [history.value.recruitment, history.value.task ?? []].map((steps) => steps.map(({ revision }) => revision)) : [];
  };
  const [recruitment = [], task = []] = await read({});
  expect([recruitment.length > 2, task.length > 0]).toEqual([true, true]);
  expect(await read({ after: 2, taskAfter: 0 })).toEqual([recruitment.slice(2), task]);
  expect(await read({ after: 1 })).toEqual([recruitment.slice(1), task.slice(1)]);
});
