/** What must hold in every world, and what must hold once nothing is under way between the two machines. */
import type { Seat } from "../../machines/messages.ts";
import { readThreadStatus } from "../../machines/thread-status.ts";
import { listSetApart } from "../../src/compile/lower/party.ts";
import { type Look, look, readRegion } from "./moves.ts";
import type { Model, World } from "./world.ts";

/** Whoever believes that it has a role has it, and nobody else does. */
function checkLeases({ leases }: World, seats: Record<string, Seat>): string[] {
  const told = Object.entries(leases).map(([key, generation]) => `${key} ${generation}`);
  const roles = Object.keys(leases).map((key) => key.split(" ")[0]);
  if (new Set(roles).size < roles.length) return [`two leases of one role: ${told.join(", ")}`];
  const held = new Set(Object.entries(seats).map(([role, { agent, generation }]) => `${role} ${agent} ${generation}`));
  return told.filter((lease) => !held.has(lease)).map((lease) => `an agent was told that it has ${lease}, and has not`);
}

/** Nobody has two roles that exclude each other, but by a person's word (the agent `c` of the orders). */
function checkApart(model: Model, seats: Record<string, Seat>): string[] {
  const { ir } = model.compiled;
  return ir.roles.flatMap((role) => {
    const agent = seats[role.name]?.agent;
    if (!agent || role.type !== "open") return [];
    // One way only counts for whoever came second; within a group it holds both ways.
    const apart = listSetApart(ir, role).filter(
      (other) => other !== role.name && ir.roles.some((each) => each.name === other && listSetApart(ir, each).includes(role.name)),
    );
    return apart
      .filter((other) => seats[other]?.agent === agent)
      .map((other) => `${agent} has ${role.name} and ${other}, which exclude each other`);
  });
}

/** Something is under way, time will tell, or a person is waited for; nothing waits for ever in silence. */
function checkWayOut(world: World, { recruitment, task }: Look): string[] {
  if (recruitment.status !== "active" || world.toTask.length > 0 || world.toRecruitment.length > 0) return [];
  const timers = Object.keys(world.recruitment.timers).length + Object.keys(world.task?.timers ?? {}).length;
  if (timers > 0 || recruitment.hasTag("waits-for-person") || task?.hasTag("waits-for-person")) return [];
  // The host always says who was asked.
  if (JSON.stringify(task?.value ?? "").includes('"asking"')) return [];
  return [`nothing moves it and nobody is asked: ${JSON.stringify(recruitment.value)}, ${JSON.stringify(task?.value)}`];
}

function checkAlways(model: Model, world: World, seen: Look): string[] {
  const faults: string[] = [];
  const { recruitment, task } = seen;
  const open = task?.context.open;
  if (task && open?.state === "given" && open.agent !== null && task.status === "active") {
    const stale = { type: "turn.answered", turn: open.turn, agent: open.agent, generation: open.generation - 1 };
    if (task.can(stale as never)) faults.push("an answer of an older generation counts");
    const early = { type: "turn.answered", turn: open.turn - 1, agent: open.agent, generation: open.generation };
    if (task.can(early as never)) faults.push("an answer to an older turn counts");
    const stranger = { type: "turn.answered", turn: open.turn, agent: "stranger", generation: open.generation };
    if (task.can(stranger as never)) faults.push("a stranger's answer counts");
  }
  faults.push(
    ...checkLeases(world, recruitment.context.seats),
    ...checkApart(model, recruitment.context.seats),
    ...checkWayOut(world, seen),
  );
  for (const role of model.compiled.ir.roles) {
    const region = readRegion(recruitment, role.name);
    const seat = recruitment.context.seats[role.name];
    if (recruitment.status !== "active" || role.type !== "open") continue;
    if (recruitment.context.paused && /^(offering|backoff)/.test(region ?? ""))
      faults.push(`${role.name} is ${region} while the thread is suspended`);
    if (region?.startsWith("held") !== (typeof seat?.agent === "string"))
      faults.push(`${role.name} is ${region} with the seat ${JSON.stringify(seat)}`);
  }
  const size = JSON.stringify(task?.context ?? {}).length + JSON.stringify(recruitment.context).length;
  if (size > 2_000) faults.push(`the contexts have ${size} characters`);
  return faults;
}

/** Nothing is under way: what one machine believes of the other is true. */
function checkAtRest(model: Model, seen: Look): string[] {
  const { recruitment, task } = seen;
  if (recruitment.status !== "active" || !task) return [];
  const faults: string[] = [];
  const status = readThreadStatus(recruitment);
  if (task.status === "done") return ["the task has ended and recruitment has not heard of it"];
  const suspended = task.value === "suspended";
  if ((status === "suspended") !== suspended && recruitment.context.closing === null)
    faults.push(`recruitment says ${status}, the task is ${JSON.stringify(task.value)}`);
  for (const role of model.compiled.ir.roles) {
    if (role.type === "broadcast") continue;
    const here = recruitment.context.seats[role.name];
    const there = task.context.seats[role.name];
    if ((here?.agent ?? null) !== (there?.agent ?? null) || (here?.agent && here.generation !== there?.generation))
      faults.push(`${role.name}: recruitment has ${JSON.stringify(here)}, the task ${JSON.stringify(there)}`);
    const vacant = (task.value as { active?: Record<string, unknown> }).active?.[role.name] === "vacant";
    const region = readRegion(recruitment, role.name) ?? "";
    if (vacant && role.type === "open" && recruitment.context.closing === null && !/^(offering|backoff)/.test(region))
      faults.push(`the task waits for ${role.name}, which recruitment has ${region}`);
  }
  return faults;
}

/** Everything that is wrong with a world. */
export function findFaults(model: Model, world: World): string[] {
  const seen = look(model, world);
  const resting = world.toTask.length === 0 && world.toRecruitment.length === 0;
  return [...checkAlways(model, world, seen), ...(resting ? checkAtRest(model, seen) : [])];
}
