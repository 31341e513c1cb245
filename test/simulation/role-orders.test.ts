/**
 * [ORDER] Every kind of role at every place of a graph: first, after each other kind, after itself, and again after another, in
 * both forms of graph, with the task beside its thread and in an object of its own. The threads run on the cluster in memory.
 */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Accepted } from "../../src/contract/frames/server-frames.ts";
import type { TurnAssigned } from "../../src/contract/kinds/turn.ts";
import { createThreadCluster, type ThreadCluster, token } from "./thread-cluster.ts";

beforeEach(() => {
  for (const kind of ["warn", "error"] as const) vi.spyOn(console, kind).mockImplementation(() => {});
});
afterEach(() => void vi.restoreAllMocks());

/** The fields of each kind of role. Broadcasts are done when one has answered, so that a further visit finds others. */
const kinds = {
  named: "type: named\n    agent: n1",
  "given by the event": 'type: named\n    agent: { from: "event.data.who" }',
  open: "type: open\n    capabilities: [work]",
  pool: "type: open\n    bind: turn\n    capabilities: [work]",
  broadcast: "type: broadcast\n    capabilities: [read]\n    broadcast: { ack: { need: any } }",
  panel: "type: broadcast\n    capabilities: [read]\n    broadcast: { ack: { need: all }, of: 1 }",
  "random panel that judges": `type: broadcast
    capabilities: [read]
    eligibility: { not: [OTHER, agents/r4] }
    recruitment: { pick: random }
    broadcast: { ack: { need: 1, ok: "vote = 'yes'" }, of: 2 }`,
  "best panel": `type: broadcast
    capabilities: [read]
    recruitment: { pick: best, score: "1" }
    broadcast: { ack: { need: any }, of: 2 }`,
} as const;
type Kind = keyof typeof kinds;
const names = Object.keys(kinds) as Kind[];

/** Visits in order: first, after itself, after another, that after itself, and again after another. */
const order = "xxyyx";
const agents = ["n1", "n2", ...["w1", "w2"], ...["r1", "r2", "r3", "r4"]].map((id) => ({
  id,
  capabilities: { n: [], w: ["work"], r: ["read"] }[id[0] as "n" | "w" | "r"],
  roles: null,
  kinds: null,
}));

function writeRole(name: string, kind: Kind, schema: string): string {
  const fields = kinds[kind].replace("OTHER", name === "x" ? "y" : "x");
  return `  ${name}:\n    ${fields}\n    description: ${name}\n    goal: Be ${name}.\n    procedure: P.\n    output: O.\n    frontmatter: ${schema}\n`;
}

function writeHead(max: number): string {
  return `name: order\nbinding: cloud\ndescription: Roles in an order.\nmax_rounds: ${max}\nreflexes:\n  - { kind: workflow, on: [order.go] }\nroles:\n`;
}

/** List form: the number of steps so far says whose turn it is. */
function writeList(x: Kind, y: Kind): string {
  const schema = "{ properties: { vote: { enum: [yes, no] } }, required: [vote] }";
  const targets = [...order.slice(1), "$END"];
  const conditions = targets.map((_, at) => `  after${at + 1}: { description: D., expression: "$count(steps) = ${at + 1}" }`);
  const edges = (role: string): string =>
    targets
      .map((target, at) => `    - { role: ${target}, condition: after${at + 1}, prompt: "Go ${at + 2}." }`)
      .concat(`    - { role: $END, prompt: "Over." }`)
      .join("\n")
      .replace(/^/, `  ${role}:\n`);
  return `${writeHead(9)}${writeRole("x", x, schema)}${writeRole("y", y, schema)}conditions:\n${conditions.join("\n")}\ngraph:\n  $START: [{ role: x, prompt: "Go 1." }]\n${edges("x")}\n${edges("y")}\n`;
}

function isBroadcast(kind: Kind): boolean {
  return kinds[kind].startsWith("type: broadcast");
}

/** Status form: who is alone in its turn says who is next; a broadcast leads to the other role until nobody is left to ask. */
function writeStatus(x: Kind, y: Kind): string {
  const next = ["x", "y", "END"];
  const write = (role: string, other: string, kind: Kind): { role: string; node: string } =>
    isBroadcast(kind)
      ? {
          role: writeRole(role, kind, "{ properties: { vote: { enum: [yes, no] } }, required: [vote] }"),
          node: `  ${role}:\n    $ACKED: { role: ${other}, prompt: "Go." }\n    $PARTIAL: { role: $END, prompt: "Partial." }\n    $UNFILLED: { role: $END, prompt: "Nobody." }\n`,
        }
      : {
          role: writeRole(role, kind, `{ properties: { $status: { enum: [${next.join(", ")}] } }, required: [$status] }`),
          node: `  ${role}:\n${next.map((to) => `    ${to}: { role: ${to === "END" ? "$END" : to}, prompt: "Go." }\n`).join("")}`,
        };
  const [first, second] = [write("x", "y", x), write("y", "x", y)];
  return `${writeHead(12)}${first.role}${second.role}graph:\n  $START:\n    new: { role: x, prompt: "Go." }\n${first.node}${second.node}`;
}

async function post(cluster: ThreadCluster, agent: string, id: string, type: string, data: object): Promise<Accepted> {
  const answer = await cluster.agent(agent).accept({ agent, token }, [{ specversion: "1.0", id, type, data }]);
  if (!answer.ok) throw new Error(answer.problem.detail);
  const [item] = answer.value;
  if (item?.status !== "accepted") throw new Error(JSON.stringify(item));
  return item;
}

interface Me {
  turns: TurnAssigned[];
  offers: { offer: string }[];
}

/** Everybody claims what is offered and answers what they have, until the thread ends or nothing moves any more. */
async function play(workflow: string | string[], say: (turn: TurnAssigned) => object) {
  const cluster = await createThreadCluster({ workflow, agents, fate: () => "arrives" });
  const begun = await post(cluster, "n2", "go", "order.go", { who: "n1" });
  const [thread] = begun.threads as [string];
  return { cluster, ...(await goOn(cluster, thread, say)) };
}

async function goOn(cluster: ThreadCluster, thread: string, say: (turn: TurnAssigned) => object) {
  const done = new Set<string>();
  for (let round = 0; round < 60; round++) {
    await cluster.advance(1_000);
    const { status } = cluster.index.get(thread) ?? {};
    if (status !== undefined && !["recruiting", "running", "queued"].includes(status)) break;
    for (const { id } of agents) {
      const me = await cluster.agent(id).me({ agent: id, token });
      if (!me.ok) throw new Error(me.problem.detail);
      const { turns, offers } = me.value as unknown as Me;
      for (const { offer } of offers)
        if (!done.has(`${id} ${offer}`)) {
          done.add(`${id} ${offer}`);
          await cluster.agent(id).accept({ agent: id, token }, [{ id: `c${offer}`, type: "nerve.offer.claim", data: { offer } }]);
        }
      const fresh = turns.find(({ turn }) => !done.has(`${id} ${turn}`));
      if (!fresh) continue;
      done.add(`${id} ${fresh.turn}`);
      await post(cluster, id, `a${fresh.turn}`, "nerve.turn.respond", {
        turn: fresh.turn,
        lease: fresh.lease.generation,
        output: say(fresh),
      });
      // One answer at a time: who comes after finds what it led to.
      await cluster.advance(200);
    }
  }
  const shown = await cluster.thread(thread).recruitment.show(null);
  const messages = await cluster.thread(thread).recruitment.messages(null, { limit: 50 });
  if (!shown.ok || !messages.ok) throw new Error("the thread cannot be shown");
  return { thread: shown.value, steps: messages.value.messages };
}

for (const x of names)
  test(`[ORDER1] ${x}, then each kind, then again: every visit is played, in list form and in status form`, async () => {
    for (const y of names) {
      const title = `${x}, then ${y}`;
      const list = await play(writeList(x, y), () => ({ vote: "yes" }));
      expect(list.thread, title).toMatchObject({ status: "completed" });
      expect(list.steps.map(({ role }) => role).join(""), title).toBe(order);

      // A broadcast's own way is fixed; the others follow the order as long as they are asked to.
      const status = await play(writeStatus(x, y), (turn) =>
        isBroadcast(turn.role.name === "x" ? x : y) ? { vote: "yes" } : { $status: order[turn.round] ?? "END" },
      );
      expect(status.thread, `${title}, by status`).toMatchObject({ status: "completed" });
      expect(status.steps.length, `${title}, by status`).toBeGreaterThan(1);
    }
  });

/** A role of one agent, then everybody who may read what it wrote. */
function writeReading(first: string, more: { readers?: string; edge?: string; graph?: string } = {}): string {
  return `name: reading
binding: cloud
description: One writes, the others read.
max_rounds: 6
reflexes:
  - { kind: workflow, on: [order.go] }
roles:
  writer:
    ${first}
    description: W.
    goal: Write.
    frontmatter: { properties: { $status: { const: written } }, required: [$status] }
  readers:
    type: broadcast
    description: R.
    goal: Read.
    eligibility: { all: [read], not: [writer] }
    broadcast: ${more.readers ?? "{ ack: { need: all } }"}
graph:
  $START:
    new: { role: writer, prompt: "Write." }
${more.graph ?? ""}  writer:
    written: { role: readers, prompt: "Read."${more.edge ?? ""} }
  readers:
    $ACKED: { role: $END, prompt: "Read by {{ acked | join: ' ' }}" }
`;
}

const written = { $status: "written" };
const read = (turn: TurnAssigned): object => (turn.role.name === "writer" ? written : { seen: true });
const holders = {
  named: "type: named\n    agent: r1",
  "given by the event": "type: named\n    agent: { from: \"'r1'\" }",
  open: "type: open\n    eligibility: { agents: [r1] }",
  pool: "type: open\n    bind: turn\n    eligibility: { agents: [r1] }",
};

describe("a broadcast after a role", () => {
  test.each(Object.entries(holders))("[ORDER2] `not` keeps out who holds, or held last, a role that is %s", async (_kind, first) => {
    const { thread } = await play(writeReading(first), read);
    expect(thread).toMatchObject({ status: "completed", outcome: { output: { acked: ["r2", "r3", "r4"], missing: [] } } });
  });

  test("[ORDER3] what is asked for while the registry is away outlives a suspension, and opens once, with the supplement", async () => {
    const cluster = await createThreadCluster({ workflow: writeReading(holders.named), agents, fate: () => "arrives" });
    const begun = await post(cluster, "n2", "go", "order.go", {});
    const [thread] = begun.threads as [string];
    await cluster.advance(1_000);
    cluster.registryDown = true;
    const me = await cluster.agent("r1").me({ agent: "r1", token });
    const [turn] = me.ok ? (me.value as unknown as Me).turns : [];
    await post(cluster, "r1", "w", "nerve.turn.respond", { turn: turn?.turn, lease: turn?.lease.generation, output: written });
    await cluster.advance(1_000);
    const root = cluster.thread(thread).recruitment;
    await root.control("suspend", "root", {});
    await cluster.advance(1_000);
    expect(await root.show(null)).toMatchObject({ value: { status: "suspended" } });
    await root.control("resume", "root", { supplement: { hurry: true } });
    cluster.registryDown = false;
    await cluster.advance(60_000);
    const other = await cluster.agent("r2").me({ agent: "r2", token });
    expect(other).toMatchObject({ value: { turns: [{ round: 2, role: { name: "readers" }, resumed: { supplement: { hurry: true } } }] } });
    expect((await goOn(cluster, thread, read)).thread).toMatchObject({
      status: "completed",
      outcome: { output: { acked: ["r2", "r3", "r4"] } },
    });
    const given = [...cluster.log.values()].filter(
      ({ row }) => row.event.type === "nerve.turn.assigned" && "asked" in (row.event.data as object),
    );
    expect(given).toHaveLength(1);
  });

  test("[ORDER4] children that a broadcast's turn waits for end first", async () => {
    const child = `name: child
binding: cloud
description: C.
roles:
  worker: { type: named, agent: n1, description: W., frontmatter: { properties: { $status: { const: done } }, required: [$status] } }
graph:
  $START: { new: { role: worker, prompt: "Do." } }
  worker: { done: { role: $END, prompt: "Done." } }
`;
    const edge = ', spawn: [{ workflow: child, input: "{}", await: true }]';
    const { thread, steps } = await play([writeReading(holders.open, { edge }), child], (turn) =>
      turn.role.name === "worker" ? { $status: "done" } : read(turn),
    );
    expect(thread).toMatchObject({ status: "completed", children: [expect.any(String)] });
    expect(steps.map(({ role }) => role)).toEqual(["writer", "readers"]);
  });

  test("[ORDER5] restart after the step before it, a fork from there, and a reopening lead to it as well", async () => {
    const workflow = writeReading(holders.named, {
      graph: '    resume: { role: readers, prompt: "Read again." }\n',
      readers: "{ ack: { need: 1 } }",
    });
    const { cluster, thread } = await play(workflow, read);
    expect(thread.status).toBe("completed");
    // Asked for each time: an ended thread leaves a cell's memory.
    const root = () => cluster.thread(thread.id).recruitment;
    expect(await root().restart("admin", { at: 1 })).toMatchObject({ ok: true });
    await cluster.advance(1_000);
    const restarted = await goOn(cluster, thread.id, read);
    expect(restarted.thread).toMatchObject({ status: "completed", roles: { readers: { acked: 1 } } });

    const forked = await root().fork("admin", { at: 1 });
    if (!forked.ok) throw new Error(forked.problem.detail);
    await cluster.advance(1_000);
    expect((await goOn(cluster, forked.value.id, read)).thread).toMatchObject({ status: "completed", roles: { readers: { acked: 1 } } });

    expect(await root().control("resume", "root", {})).toMatchObject({ ok: true });
    await cluster.advance(1_000);
    const reopened = await goOn(cluster, thread.id, read);
    expect(reopened.thread).toMatchObject({ status: "completed", outcome: { output: { acked: [expect.stringMatching(/^r/)] } } });
    expect(reopened.steps.at(-1)?.role).toBe("readers");
  });
});

test("[ORDER6] list form: a broadcast that too few acknowledge is the engine's policy, suspended; resuming asks those who have not", async () => {
  const list = `name: reading
binding: cloud
description: One writes, the others read.
reflexes:
  - { kind: workflow, on: [order.go] }
roles:
  writer: { type: named, agent: n1, description: W., output: O. }
  readers:
    type: broadcast
    description: R.
    capabilities: [read]
    broadcast: { ack: { need: all, timeout: 10m } }
graph:
  $START: [{ role: writer, prompt: "Write." }]
  writer: [{ role: readers, prompt: "Read." }]
  readers: [{ role: $END, prompt: "Done." }]
`;
  const say = (turn: TurnAssigned): object =>
    turn.role.name === "readers" && turn.round === 2 ? { $status: "$SUSPEND", reason: "no" } : { done: true };
  const { cluster, thread } = await play(list, say);
  expect(thread).toMatchObject({ status: "suspended", error: "partial:readers", roles: { readers: { state: "partial", failed: 1 } } });
  expect(await cluster.thread(thread.id).recruitment.control("resume", "root", {})).toMatchObject({ ok: true });
  const { thread: after } = await goOn(cluster, thread.id, say);
  expect(after).toMatchObject({ status: "completed", outcome: { output: { $status: "$ACKED", acked: ["r1", "r2", "r3", "r4"] } } });
});
