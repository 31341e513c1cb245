/** What must hold in every world: stale answers count for nothing, and both machines believe the same of assignments and state. */
import { readThreadStatus } from "../../machines/thread-status.ts";
import type { Model } from "./model.ts";
import { readRegion } from "./moves.ts";
import { readRecruitment, readTask, type World } from "./world.ts";

/** Something that does not hold. */
export interface Breach {
  kind: "stale-counts" | "disagreement";
  role: string | null;
  detail: string;
}

function checkAnswers(world: World): Breach[] {
  const open = readTask(world)?.open;
  const { task } = world;
  if (open?.state !== "given" || open.agent === null || task?.snapshot.status !== "active") return [];
  const { turn, agent, generation, role } = open;
  const count = (fact: object): boolean => task.snapshot.can({ type: "turn.answered", turn, agent, generation, ...fact } as never);
  const breaches: Breach[] = [];
  const add = (detail: string): void => {
    breaches.push({ kind: "stale-counts", role, detail });
  };
  if (count({ generation: generation - 1 })) add(`an answer of ${role}'s earlier holder counts`);
  if (count({ turn: turn - 1 })) add(`a late answer to an earlier turn counts as ${role}'s`);
  if (count({ agent: "stranger" })) add(`a stranger's answer counts as ${role}'s`);
  return breaches;
}

function checkAssignments(model: Model, world: World): Breach[] {
  const { seats } = readRecruitment(world);
  return model.ir.roles.flatMap((role): Breach[] => {
    if (role.type !== "open") return [];
    const region = readRegion(world, role.name) ?? "nowhere";
    const held = typeof seats[role.name]?.agent === "string";
    // The seat is named a step before the region is held, in the same transaction.
    if (region.startsWith("held") === held) return [];
    return [
      {
        kind: "disagreement",
        role: role.name,
        detail: `recruitment is ${region} for ${role.name}, whose seat is ${held ? "held" : "free"}`,
      },
    ];
  });
}

/** While nothing is under way, what each machine believes of the other must be true. */
function checkAtRest(model: Model, world: World): Breach[] {
  const { recruitment, task } = world;
  const who = readRecruitment(world);
  const turns = readTask(world);
  if (!task || !turns || who.closing !== null) return [];
  const add = (role: string | null, detail: string): Breach => ({ kind: "disagreement", role, detail });
  if (task.snapshot.status === "done") return [add(null, "the task has ended and recruitment does not know")];
  const breaches: Breach[] = [];
  const status = readThreadStatus(recruitment.snapshot);
  const suspended = task.snapshot.value === "suspended";
  if ((status === "suspended") !== suspended)
    breaches.push(add(null, `recruitment says "${status}", the task is ${suspended ? "suspended" : "not suspended"}`));
  for (const { name, type } of model.ir.roles) {
    if (type === "broadcast") continue;
    const here = who.seats[name];
    const there = turns.seats[name];
    if ((here?.agent ?? null) !== (there?.agent ?? null) || (here?.agent && here.generation !== there?.generation))
      breaches.push(add(name, `recruitment assigns ${here?.agent ?? "nobody"} as ${name}, the task ${there?.agent ?? "nobody"}`));
    const vacant = (task.snapshot.value as { active?: Record<string, unknown> }).active?.[name] === "vacant";
    const region = readRegion(world, name) ?? "nowhere";
    if (vacant && type === "open" && !/^(offering|backoff)/.test(region))
      breaches.push(add(name, `the task waits for ${name}, for which recruitment is ${region}`));
  }
  return breaches;
}

/** Everything that does not hold in a world. */
export function findBreaches(model: Model, world: World): Breach[] {
  if (world.recruitment.snapshot.status !== "active") return [];
  const resting = world.toTask.length === 0 && world.toRecruitment.length === 0;
  return [...checkAnswers(world), ...checkAssignments(model, world), ...(resting ? checkAtRest(model, world) : [])];
}
