/** What must hold in every world, and what must hold once nothing is under way between the two machines. */
import { readThreadStatus } from "../../machines/thread-status.ts";
import { type Look, look, readRegion } from "./moves.ts";
import type { Model, World } from "./world.ts";

function checkAlways(model: Model, seen: Look): string[] {
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
  return [...checkAlways(model, seen), ...(resting ? checkAtRest(model, seen) : [])];
}
