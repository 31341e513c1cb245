/** A review with an author and two reviewers, played by hand on the real objects, whose rules for lost agents are the test's. */

import type { CloudEvent } from "../../src/contract/event.ts";
import type { Accepted, InboxItem, Rejected } from "../../src/contract/frames/server-frames.ts";
import type { TurnAssigned } from "../../src/contract/kinds/turn.ts";
import type { Placement } from "../../src/contract/placement.ts";
import type { Envelope } from "../../src/durable/protocol/envelope.ts";
import { createThreadCluster, type ThreadCluster, token } from "./thread-cluster.ts";

/** JSON of which a test names what it expects. */
// biome-ignore lint/suspicious/noExplicitAny: answers are judged by the tests' own expectations
export type Loose = any;

export interface RoleRules {
  reviewer?: string;
  author?: string;
  edges?: string;
  statuses?: string;
}

/** A review whose rules for lost agents and bad turns are the test's. Windows: 3 × 2 s of silence, 4 s of grace. */
export function write({ reviewer = "", author = "", edges = "", statuses = "approved, changes_requested" }: RoleRules = {}): string {
  const indent = (text: string, by: number): string => text.replace(/^(?=.)/gm, " ".repeat(by));
  return `
name: review
description: A review.
binding: cloud
max_rounds: 20
reflexes:
  - { kind: workflow, on: [pr.ready], key: "$string(data.pr)" }
roles:
  reviewer:
    description: Reviews.
    capabilities: [code-review]
    procedure: Read it.
    output: A verdict.
    type: open
    recruitment: { timeout: 10m${/recruits: /.test(reviewer) ? `, ${/recruits: (.*)/.exec(reviewer)?.[1]}` : ""} }
    heartbeat: { every: 2s, miss: 3 }
${/offline: /.test(reviewer) ? "" : "    offline: { grace: 4s, then: rerecruit }"}
${indent(reviewer.replace(/recruits: .*\n?/, ""), 4)}
    frontmatter: { type: object, properties: { $status: { enum: [${statuses}] } }, required: [$status] }
  author:
    description: Writes.
    type: named
    agent: { from: event.agent }
    procedure: Mend it.
    output: A note.
    heartbeat: { every: 2s, miss: 3 }
${indent(author, 4)}
    frontmatter: { type: object, properties: { $status: { const: updated } }, required: [$status] }
graph:
  $START:
    new: { role: reviewer, prompt: "Review {{ data.pr }}." }
  reviewer:
    approved: { role: $END, prompt: "Approved." }
    changes_requested: { role: author, prompt: "Change it." }
${indent(edges, 4)}
  author:
    updated: { role: reviewer, prompt: "Again." }
`;
}

export interface Agent {
  id: string;
  seen: InboxItem[];
  send(type: string, data: object, id?: string): Promise<Accepted | Rejected>;
  /** Reads the mailbox, which is a sign of life. */
  poll(): Promise<CloudEvent[]>;
  /** The newest event of the kind, once there is one. */
  find(type: string): Promise<Loose>;
  claim(): Promise<Accepted | Rejected>;
  turn(): Promise<TurnAssigned>;
  answer(turn: TurnAssigned, status: string): Promise<Accepted | Rejected>;
}

let sent = 0;

export function play(cluster: ThreadCluster, id: string): Agent {
  const principal = { agent: id, token };
  const agent: Agent = {
    id,
    seen: [],
    async send(type, data, eventId) {
      sent += 1;
      const answer = await cluster.agent(id).accept(principal, [{ id: eventId ?? `e${sent}`, type, data }]);
      await cluster.settle();
      if (!answer.ok) throw new Error(answer.problem.detail);
      return answer.value[0] as Accepted | Rejected;
    },
    async poll() {
      const page = await cluster.agent(id).inbox(principal, { channels: ["my", "open"], waitSeconds: 0, limit: 200 });
      if (!page.ok) throw new Error(page.problem.detail);
      agent.seen.push(...page.value.events);
      await cluster.agent(id).ack(principal, { seqs: page.value.events.map(({ seq }) => seq) });
      await cluster.settle();
      return page.value.events.map(({ event }) => event);
    },
    async find(type) {
      await agent.poll();
      const found = agent.seen.findLast(({ event }) => event.type === type);
      if (!found) throw new Error(`${id} was given no ${type}: ${agent.seen.map(({ event }) => event.type).join(", ")}`);
      return found.event.data;
    },
    claim: async () => {
      const { offer } = await agent.find("nerve.offer.opened");
      return agent.send("nerve.offer.claim", { offer });
    },
    turn: () => agent.find("nerve.turn.assigned"),
    answer: (turn, status) =>
      agent.send("nerve.turn.respond", { turn: turn.turn, lease: turn.lease.generation, output: { $status: status } }),
  };
  return agent;
}

export interface Stage {
  cluster: ThreadCluster;
  author: Agent;
  first: Agent;
  second: Agent;
  thread: string;
  /** Time passes while these agents poll every second and the others are silent. */
  pass(seconds: number, ...alive: Agent[]): Promise<void>;
  show(): Promise<Loose>;
}

export async function begin(rules: RoleRules = {}, carry?: (envelope: Envelope) => Envelope, placement?: Placement): Promise<Stage> {
  const cluster = await createThreadCluster({
    workflow: write(rules),
    agents: [
      { id: "author", capabilities: [], roles: null, kinds: null },
      ...["first", "second"].map((id) => ({ id, capabilities: ["code-review"], roles: null, kinds: null })),
    ],
    fate: () => "arrives",
    ...(carry && { carry }),
    ...(placement && { placement }),
  });
  const [author, first, second] = ["author", "first", "second"].map((id) => play(cluster, id)) as [Agent, Agent, Agent];
  // Who is there is asked when the role is offered, and waited for.
  for (const agent of [first, second]) await agent.poll();
  sent += 1;
  const { threads } = (await author.send("pr.ready", { pr: sent })) as Accepted;
  const thread = threads[0] as string;
  await cluster.advance(100);
  return {
    ...{ cluster, author, first, second, thread },
    async pass(seconds, ...alive) {
      for (let second = 0; second < seconds; second++) {
        for (const agent of alive) await agent.poll();
        await cluster.advance(1_000);
      }
    },
    async show() {
      await cluster.settle();
      const shown = await cluster.thread(thread).recruitment.show(null);
      if (!shown.ok) throw new Error(shown.problem.detail);
      return shown.value;
    },
  };
}
