/**
 * Writes the frozen snapshots of this release's machines: `node test/model/freeze-snapshots.ts`. Run it once per
 * released version of the vocabulary, never to make a failing test pass: what was released must load for ever.
 */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { MachineConfigJson } from "../../machines/config.ts";
import { lowerRecruitment } from "../../src/compile/lower/recruitment.ts";
import { lowerTask } from "../../src/compile/lower/task.ts";
import { decide, fire, type Puppet, send, start } from "../unit/machines/puppet.ts";
import { codeReview } from "../unit/machines/workflows.ts";

/** A config with snapshots of it, each with an event that it takes and the value it must then have. */
export interface FrozenSnapshots {
  config: MachineConfigJson;
  snapshots: { title: string; snapshot: unknown; event: { type: string; [fact: string]: unknown }; value: unknown }[];
}

const folder = join(import.meta.dirname, "snapshots");
const author = { agent: "abe", generation: 1 };

function freeze(
  config: MachineConfigJson,
  frames: [title: string, puppet: Puppet, event: FrozenSnapshots["snapshots"][number]["event"]][],
): FrozenSnapshots {
  return {
    config,
    snapshots: frames.map(([title, puppet, event]) => {
      const snapshot: unknown = JSON.parse(puppet.stored);
      send(puppet, event);
      return { title, snapshot, event, value: (JSON.parse(puppet.stored) as { value: unknown }).value };
    }),
  };
}

function freezeTask(): FrozenSnapshots {
  const config = lowerTask(codeReview);
  const begin = (seats: object): Puppet => {
    const task = start(config, { start: "new", seats, round: 0, unfilled: [] });
    decide(task, "new");
    return task;
  };
  const seats = { author, reviewer: { agent: "rita", generation: 1 } };
  const suspended = begin(seats);
  send(suspended, { type: "thread.suspend", reason: "holiday" });
  const deciding = begin(seats);
  send(deciding, { type: "turn.answered", turn: 1, agent: "rita", generation: 1 });
  return freeze(config, [
    ["the reviewer has the turn", begin(seats), { type: "turn.answered", turn: 1, agent: "rita", generation: 1 }],
    ["nobody is the reviewer", begin({ author }), { type: "role.bound", role: "reviewer", agent: "rob", generation: 1 }],
    ["suspended", suspended, { type: "thread.resume" }],
    ["the moderator is asked", deciding, { type: "xstate.done.actor.moderate", output: { edge: "approved" }, actorId: "moderate" }],
  ]);
}

function freezeRecruitment(): FrozenSnapshots {
  const config = lowerRecruitment(codeReview);
  const begin = (): Puppet => start(config, { start: "new", seats: { author } });
  const claim = { type: "role.claim", role: "reviewer", agent: "rita", offer: 1, eligible: true };
  const running = begin();
  send(running, claim);
  const away = begin();
  send(away, claim);
  send(away, { type: "agent.away", agent: "rita" });
  const unfilled = begin();
  for (const state of ["offering", "backoff", "offering", "backoff", "offering"]) fire(unfilled, `reviewer.${state}`);
  return freeze(config, [
    ["offered", begin(), claim],
    [
      "running",
      running,
      { type: "xstate.done.actor.task", output: { status: "completed", reason: null, role: "reviewer", round: 1 }, actorId: "task" },
    ],
    ["the reviewer is away", away, { type: "agent.back", agent: "rita" }],
    ["nobody took it", unfilled, { type: "thread.resume" }],
  ]);
}

function write(frozen: FrozenSnapshots): void {
  const file = join(folder, `${frozen.config.version.replace("/", "-")}.json`);
  if (existsSync(file)) {
    process.stderr.write(`${file} is there and stays: a released version is frozen\n`);
    return;
  }
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, `${JSON.stringify(frozen, null, 1)}\n`);
}

if (process.argv[1]?.endsWith("freeze-snapshots.ts")) {
  write(freezeTask());
  write(freezeRecruitment());
}
