/** Four faults beside which other threads must go on as if there were none. */
import { setTimeout as pause } from "node:timers/promises";
import type { Placement } from "../../src/contract/placement.ts";
import { type AgentSocket, openAgentSocket } from "../review/agent-socket.ts";
import { callOperator, type Operated, registerAgent } from "../review/call-operator.ts";
import type { BrokenObjects } from "./broken-objects.ts";
import { floodMailbox } from "./flood-mailbox.ts";

/** A fault that is ready to happen. */
export interface Fault {
  name: string;
  /** Lets it happen for as long as `window` takes, which begins when it does, however long that takes. Resolves to how often it struck. */
  run(window: () => Promise<unknown>): Promise<number>;
}

/** A turn that an agent holds. */
interface Held {
  socket: AgentSocket;
  thread: string;
  turn: string;
  generation: number;
}

/** Milliseconds between two things that an agent tries with something broken. */
const tries = 20;

/** Makes them ready, one after another: what they need is there before anything is measured. */
export async function prepareFaults(server: Operated, placement: Placement): Promise<Fault[]> {
  return [
    await prepareUnreachable(server, placement),
    await prepareFlood(server),
    await prepareSlowModerator(server, placement),
    await prepareBroken(server, placement),
  ];
}

async function breakObjects({ url }: Operated, broken: BrokenObjects): Promise<number> {
  const response = await fetch(`${url}/faults`, { method: "PUT", body: JSON.stringify(broken) });
  return ((await response.json()) as { struck: number }).struck;
}

/** Connects an agent that keeps what it is given, and is not disturbed by refusals. */
async function connectHolder(server: Operated, id: string): Promise<{ socket: AgentSocket; held: Held[]; next(): Promise<void> }> {
  const held: Held[] = [];
  let noted = (): void => {};
  const socket = await openAgentSocket({
    url: server.url,
    token: await registerAgent(server, id, "fault"),
    onFailure: () => {},
    onItem(from, { event }) {
      if (event.type !== "nerve.turn.assigned") return;
      const { turn, lease, thread } = event.data as unknown as { turn: string; lease: { generation: number }; thread: string };
      held.push({ socket: from, thread, turn, generation: lease.generation });
      noted();
    },
  });
  return { socket, held, next: () => new Promise((resolve) => (noted = resolve)) };
}

/** Threads that a holder begins with another agent, each at its first turn. */
async function beginThreads(holder: Awaited<ReturnType<typeof connectHolder>>, other: string, count: number): Promise<Held[]> {
  const before = holder.held.length;
  for (let index = 0; index < count; index += 1) {
    const given = holder.next();
    holder.socket.send("crowd.wanted", { other });
    await given;
  }
  return holder.held.slice(before);
}

const answer = ({ socket, turn, generation }: Held): string =>
  socket.send("nerve.turn.respond", { turn, lease: generation, output: { $status: "wanted", note: "Now." } });

/** Does something again and again as long as the window takes. */
async function repeat(window: () => Promise<unknown>, act: (index: number) => void): Promise<void> {
  let over = false;
  void window().then(() => (over = true));
  for (let index = 0; !over; index += 1) {
    act(index);
    await pause(tries);
  }
}

/** Agents' objects and tasks' objects whose every call throws, in a cell tasks that take half a minute for each: turns, mails and answers for them are tried again and again. */
async function prepareUnreachable(server: Operated, placement: Placement): Promise<Fault> {
  const lost = ["lost-0", "lost-1", "lost-2"];
  for (const id of lost) await registerAgent(server, id, "fault");
  const holder = await connectHolder(server, "keeper");
  const turns = [...(await beginThreads(holder, "lost-0", 3)), ...(await beginThreads(holder, "lost-1", 3))];
  const cut = await beginThreads(holder, "lost-2", 3);
  return {
    name: "unreachable receivers",
    async run(window) {
      const agents = lost.map((id) => [`agent/${id}`, "calls"]);
      const tasks = cut.map(({ thread }) => [`task/${thread}`, placement === "cell" ? "waits" : "calls"]);
      await breakObjects(server, Object.fromEntries([...agents, ...tasks]));
      // The tasks that can be reached have turns for agents that cannot.
      for (const turn of turns) answer(turn);
      await repeat(window, (index) => {
        const turn = cut[index % cut.length];
        if (turn) answer(turn);
        holder.socket.send("team.news", { index });
        void fetch(`${server.url}/v1/agents/${lost[index % lost.length]}`, { headers: { authorization: `Bearer ${server.adminToken}` } });
      });
      return breakObjects(server, {});
    },
  };
}

/** Three agents that send one as much as they can. */
async function prepareFlood(server: Operated): Promise<Fault> {
  const victim = await registerAgent(server, "victim", "fault");
  await openAgentSocket({ url: server.url, token: victim, onItem: () => {}, onFailure: () => {} });
  const senders: string[] = [];
  for (const id of ["flooder-0", "flooder-1", "flooder-2"]) senders.push(await registerAgent(server, id, "fault"));
  return {
    name: "a flood to one mailbox",
    async run(window) {
      const stop = await floodMailbox({ url: server.url, senders, to: "agents/victim" });
      await window();
      return stop();
    },
  };
}

/** Items that a condition goes through: as many as the steps of an evaluation suffice for. */
const slowItems = 14_000;

/** One agent whose every answer takes the moderator as long as it may: conditions with as many steps as each may have, or such a template. */
const slowGraphs = {
  conditions: `conditions:
${[1, 2, 3, 4].map((index) => `  never${index}: { description: Never, expression: "$sum(steps[-1].output.items.($ * 2 + ${index})) < 0" }`).join("\n")}
graph:
  $START:
    - { role: one, prompt: "Begin." }
  one:
${[1, 2, 3, 4].map((index) => `    - { role: $END, condition: never${index}, prompt: "Never." }`).join("\n")}
    - { role: one, prompt: "Again." }
`,
  template: `graph:
  $START:
    new: { role: one, prompt: "Begin." }
  one:
    again: { role: one, prompt: "{% for a in (1..100) %}{% for b in (1..200) %}{% if b == a %}{{ note }}{% endif %}{% endfor %}{% endfor %}" }
    never: { role: one, prompt: "Never {{ 'settles.' }}" }
    done: { role: $END, prompt: "Done." }
`,
};

const writeSlowWorkflow = (name: keyof typeof slowGraphs): string => `version: 1
binding: cloud
name: slow-${name}
description: One agent whose every answer takes the moderator as long as it may.
concurrency: 100
overflow: queue
max_rounds: 100000
reflexes:
  - { kind: workflow, on: [slow.${name}] }
roles:
  one:
    type: named
    agent: { from: "event.agent" }
    description: Answers.
    goal: Answer.
    capabilities: [fault]
    heartbeat: { every: 60s, miss: 10 }
    turn: { timeout: 24h, on_timeout: suspend }
    offline: { grace: 12h, then: wait }
    procedure: Answer.
    output: An answer.
    frontmatter:
      oneOf:
        - { properties: { $status: { const: again }, note: { type: string }, items: { type: array, items: { type: integer } } }, required: [$status] }
        - { properties: { $status: { const: never } }, required: [$status] }
        - { properties: { $status: { const: done } }, required: [$status] }
${slowGraphs[name]}`;

/** In a cell, threads beside it whose moderator never settles. */
async function prepareSlowModerator(server: Operated, placement: Placement): Promise<Fault> {
  const kinds = Object.keys(slowGraphs) as (keyof typeof slowGraphs)[];
  for (const kind of kinds) await callOperator(server, "PUT", `/v1/workflows/slow-${kind}`, writeSlowWorkflow(kind), "text/yaml");
  const items = Array.from({ length: slowItems }, () => 1);
  let running = false;
  let turns = 0;
  const held: (() => void)[] = [];
  const socket = await openAgentSocket({
    url: server.url,
    token: await registerAgent(server, "hasty", "fault"),
    onFailure: () => {},
    onItem(from, { event }) {
      if (event.type !== "nerve.turn.assigned") return;
      const { turn, lease } = event.data as unknown as { turn: string; lease: { generation: number } };
      const respond = (): void => {
        turns += 1;
        from.send("nerve.turn.respond", { turn, lease: lease.generation, output: { $status: "again", note: "x", items } });
      };
      if (running) respond();
      else held.push(respond);
    },
  });
  const other = await connectHolder(server, "endless");
  const endless = placement === "cell" ? 3 : 0;
  for (const kind of kinds) socket.send(`slow.${kind}`, {});
  for (let index = 0; index < endless; index += 1) other.socket.send("slow.template", {});
  while (held.length < kinds.length || other.held.length < endless) await pause(tries);
  return {
    name: "a slow moderator",
    async run(window) {
      running = true;
      turns = 0;
      for (const respond of held.splice(0)) respond();
      for (const { socket, turn, generation } of other.held.splice(0))
        socket.send("nerve.turn.respond", { turn, lease: generation, output: { $status: "never" } });
      await window();
      running = false;
      return turns;
    },
  };
}

/** Objects whose store fails, and objects that cannot be made any more: an agent's, a thread's and a task's of each. */
async function prepareBroken(server: Operated, placement: Placement): Promise<Fault> {
  // What cannot be made in a cell is refused by itself, which a store that fails is as well.
  const unmade = placement === "cell" ? "storage" : "constructor";
  const holder = await connectHolder(server, "patient");
  const sick = await connectHolder(server, "sick");
  await registerAgent(server, "gone", "fault");
  const threads = await beginThreads(holder, "gone", 4);
  const [first, second, third, fourth] = threads;
  if (!first || !second || !third || !fourth) throw new Error("four threads were begun");
  return {
    name: "broken objects",
    async run(window) {
      await breakObjects(server, {
        "agent/sick": "storage",
        "agent/gone": unmade,
        [`task/${first.thread}`]: "storage",
        [`task/${second.thread}`]: unmade,
        [`recruitment/${third.thread}`]: "storage",
        [`recruitment/${fourth.thread}`]: unmade,
      });
      await repeat(window, (index) => {
        const turn = threads[index % threads.length];
        if (!turn) return;
        answer(turn);
        sick.socket.send("team.news", { index });
        const headers = { authorization: `Bearer ${server.adminToken}` };
        for (const path of [`threads/${turn.thread}`, "agents/gone"]) void fetch(`${server.url}/v1/${path}`, { headers });
      });
      return breakObjects(server, {});
    },
  };
}
