/** [THREAD38] Copies and restarts that go on from another output than was answered, on the cluster in memory, in both placements. */
import { expect, test } from "vitest";
import type { Placement } from "../../src/contract/placement.ts";
import type { MeView } from "../../src/contract/views/me.ts";
import type { MessageView } from "../../src/contract/views/thread.ts";
import { createThreadCluster, type ThreadCluster, token } from "./thread-cluster.ts";

const workflow = `name: ask
binding: cloud
description: One asks until the other agrees.
reflexes: [ { kind: workflow, on: [ask.begun] } ]
roles:
  judge: { type: named, agent: j, description: J., frontmatter: { properties: { $status: { enum: [yes, no] } }, required: [$status] } }
  asker: { type: named, agent: a, description: A., frontmatter: { properties: { $status: { const: asked } }, required: [$status] } }
graph:
  $START: { new: { role: asker, prompt: "Ask." } }
  asker: { asked: { role: judge, prompt: "Judge." } }
  judge:
    yes: { role: $END, prompt: "Agreed.", emit: [ { kind: ask.judged, data: { what: agreed } } ] }
    no: { role: asker, prompt: "Ask again.", emit: [ { kind: ask.judged, data: { what: refused } } ] }
`;

async function say(cluster: ThreadCluster, agent: string, type: string, data: object): Promise<void> {
  await cluster.agent(agent).accept({ agent, token }, [{ id: `${agent}:${cluster.log.size}:${type}`, type, data }]);
  await cluster.advance(1_000);
}

async function answer(cluster: ThreadCluster, thread: string, agent: string, output: object): Promise<void> {
  const me = await cluster.agent(agent).me({ agent, token });
  const turn = me.ok ? (me.value as MeView).turns.find((each) => each.thread === thread) : undefined;
  await say(cluster, agent, "nerve.turn.respond", { turn: turn?.turn, lease: turn?.lease.generation, output });
}

async function readSteps(cluster: ThreadCluster, id: string): Promise<MessageView[]> {
  const shown = await cluster.thread(id).recruitment.messages(null, { limit: 50 });
  return shown.ok ? shown.value.messages.filter(({ until }) => until === undefined) : [];
}

const tell = ({ role, output, by }: MessageView): string => `${role} ${(output as { $status: string }).$status}${by ? ` by ${by}` : ""}`;

test.each<{ placement: Placement }>([{ placement: "own" }, { placement: "cell" }])(
  "[THREAD38] over $placement a copy and a restart with another output take its edge, whatever object ends on the way",
  async ({ placement }) => {
    const agents = ["j", "a"].map((id) => ({ id, capabilities: [], roles: null, kinds: null }));
    const cluster = await createThreadCluster({ placement, workflow, agents, fate: () => "arrives" });
    const published = (): string[] =>
      [...cluster.log.values()].flatMap(({ row: { event, thread } }) =>
        event.type === "ask.judged" ? [`${thread === id ? "first" : "copy"} ${(event.data as { what: string }).what}`] : [],
      );
    await say(cluster, "a", "ask.begun", {});
    const [id = ""] = cluster.index.keys();
    await answer(cluster, id, "a", { $status: "asked" });
    await answer(cluster, id, "j", { $status: "no" });
    expect(published()).toEqual(["first refused"]);

    const forked = await cluster.thread(id).recruitment.fork("admin", { at: 2, output: { $status: "yes" } });
    if (!forked.ok) throw new Error(forked.problem.detail);
    for (const object of cluster.living()) cluster.end(object);
    await cluster.advance(5_000);
    expect(cluster.index.get(forked.value.id)).toMatchObject({ status: "completed", parent: id });
    expect((await readSteps(cluster, forked.value.id)).map(tell)).toEqual(["asker asked", "judge yes by admin"]);
    expect(published()).toEqual(["first refused", "copy agreed"]);
    // The thread itself is as it was.
    expect((await readSteps(cluster, id)).map(tell)).toEqual(["asker asked", "judge no"]);

    await answer(cluster, id, "a", { $status: "asked" });
    expect(await cluster.thread(id).recruitment.restart("admin", { at: 2, output: { $status: "yes" } })).toMatchObject({ ok: true });
    for (const object of cluster.living()) cluster.end(object);
    await cluster.advance(5_000);
    expect(cluster.index.get(id)).toMatchObject({ status: "completed" });
    expect((await readSteps(cluster, id)).map(tell)).toEqual(["asker asked", "judge yes by admin"]);
    expect(published()).toEqual(["first refused", "copy agreed", "first agreed"]);
  },
);
