/** A roll call: a workflow whose one turn goes to everybody, on a cluster of real cores, and what its agents can do. */
import { vi } from "vitest";
import type { Accepted, Rejected } from "../../src/contract/frames/server-frames.ts";
import type { TurnAssigned } from "../../src/contract/kinds/turn.ts";
import { createThreadCluster, type ThreadCluster, token } from "./thread-cluster.ts";

/** A workflow whose one role is a broadcast. */
export function writeWorkflow(broadcast: string, more = ""): string {
  return `
name: roll-call
binding: cloud
description: Everybody says that they are there.
reflexes:
  - { kind: workflow, on: [roll.call] }
roles:
  fleet:
    type: broadcast
    description: Everybody.
    goal: Be there.
    ${more || "eligibility: { any: true }"}
    broadcast: ${broadcast}
    frontmatter: { type: object, properties: { ok: { type: boolean }, note: { type: string } }, required: [ok] }
graph:
  $START:
    new: { role: fleet, prompt: "Call {{ data.n }}" }
  fleet:
    $ACKED: { role: $END, prompt: "with {{ acked | join: ' ' }}" }
    $PARTIAL: { role: $END, prompt: "without {{ missing | join: ' ' }}" }
    $UNFILLED: { role: $END, prompt: "nobody" }
`;
}

/** The same behind another role: the broadcast is the second turn. */
export function openFirst(workflow: string): string {
  return workflow
    .replace(
      "roles:\n",
      `roles:
  opener:
    type: named
    agent: a0
    description: O.
    frontmatter: { type: object, properties: { $status: { const: opened } }, required: [$status] }
`,
    )
    .replace("new: { role: fleet", "new: { role: opener")
    .replace("  fleet:\n    $ACKED", '  opener:\n    opened: { role: fleet, prompt: "Call" }\n  fleet:\n    $ACKED');
}

export type Output = {
  $status: string;
  acked: string[];
  failed: string[];
  missing: string[];
  answers: { agent: string; output: object }[];
};

export function silence(): void {
  for (const kind of ["warn", "error"] as const) vi.spyOn(console, kind).mockImplementation(() => {});
}

export const card = (id: string, capabilities: string[] = []) => ({ id, capabilities, roles: null, kinds: null });

export async function open(workflow: string, ids: string[]): Promise<ThreadCluster> {
  silence();
  return createThreadCluster({ workflow, agents: ids.map((id) => card(id)), fate: () => "arrives" });
}

let posted = 0;

export async function post(
  cluster: ThreadCluster,
  agent: string,
  type: string,
  data: object,
  id = `e${++posted}`,
): Promise<Accepted | Rejected> {
  const answer = await cluster.agent(agent).accept({ agent, token }, [{ specversion: "1.0", id, type, data }]);
  if (!answer.ok) throw new Error(answer.problem.code);
  return answer.value[0] as Accepted | Rejected;
}

/** Starts a thread and lets everybody be asked. */
export async function call(cluster: ThreadCluster, agent: string): Promise<string> {
  const answer = await post(cluster, agent, "roll.call", { n: 1 });
  if (answer.status !== "accepted") throw new Error(JSON.stringify(answer.error));
  await cluster.advance(1_000);
  return answer.threads[0] as string;
}

export async function turns(cluster: ThreadCluster, agent: string): Promise<TurnAssigned[]> {
  const me = await cluster.agent(agent).me({ agent, token });
  if (!me.ok) throw new Error(me.problem.code);
  return (me.value as unknown as { turns: TurnAssigned[] }).turns;
}

export async function answer(
  cluster: ThreadCluster,
  agent: string,
  output: object = { ok: true },
  id?: string,
): Promise<Accepted | Rejected> {
  const [turn] = await turns(cluster, agent);
  if (!turn) throw new Error(`${agent} has no turn`);
  return post(cluster, agent, "nerve.turn.respond", { turn: turn.turn, lease: turn.lease.generation, output }, id);
}

export async function show(cluster: ThreadCluster, thread: string) {
  await cluster.advance(1_000);
  const shown = await cluster.thread(thread).recruitment.show(null);
  if (!shown.ok) throw new Error(shown.problem.code);
  return shown.value;
}
