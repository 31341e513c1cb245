/** All that may happen next in a world: deliveries, timers, agents, presence, people. */
import type { AnyMachineSnapshot } from "xstate";
import type { Seat } from "../../machines/messages.ts";
import type { RecruitmentContext } from "../../machines/recruitment/context.ts";
import type { TaskContext } from "../../machines/task/context.ts";
import { type Message, type Model, type Move, ParkedError, revive, sendRecruitment, sendTask, type World } from "./world.ts";

/** Messages that may be under way while something else happens: enough for every race of two. */
const underWay = 2;

/** The contexts and values that moves and invariants read. */
export interface Look {
  recruitment: AnyMachineSnapshot & { context: RecruitmentContext };
  task: (AnyMachineSnapshot & { context: TaskContext }) | null;
}

/** Revives both actors. */
export function look(model: Model, world: World): Look {
  return {
    recruitment: revive(model.recruitment, world.recruitment) as Look["recruitment"],
    task: world.task ? (revive(model.task, world.task) as NonNullable<Look["task"]>) : null,
  };
}

/** The state of a role's region, e.g. `held.here`; undefined where it has none. */
export function readRegion(snapshot: AnyMachineSnapshot, role: string): string | undefined {
  const open = (snapshot.value as { open?: Record<string, unknown> }).open;
  const value = open?.[role];
  if (typeof value === "string") return value;
  return value ? Object.entries(value).map(([outer, inner]) => `${outer}.${String(inner)}`)[0] : undefined;
}

function deliver(model: Model, world: World, seen: Look): Move[] {
  const moves: Move[] = [];
  const [toTask, ...restTask] = world.toTask;
  if (toTask) {
    const after = { ...world, toTask: restTask };
    const label = `task gets ${toTask.type}`;
    if (seen.task?.status !== "active") moves.push({ label: `${label} (ended)`, by: "channel", world: after });
    else if (!seen.task.can(toTask as never))
      throw new ParkedError(`the task in ${JSON.stringify(seen.task.value)} does not take ${JSON.stringify(toTask)}`);
    else
      moves.push(
        ...sendTask(model, after, toTask).map((next) => ({ label: `${label} ${next.label}`, by: "channel" as const, world: next.world })),
      );
  }
  const [toRecruitment, ...rest] = world.toRecruitment;
  if (toRecruitment) {
    const after = { ...world, toRecruitment: rest };
    const label = `recruitment gets ${toRecruitment.type}`;
    if (seen.recruitment.status !== "active") moves.push({ label: `${label} (ended)`, by: "channel", world: after });
    else if (!seen.recruitment.can(toRecruitment as never))
      throw new ParkedError(`recruitment in ${JSON.stringify(seen.recruitment.value)} does not take ${JSON.stringify(toRecruitment)}`);
    else moves.push({ label, by: "channel", world: sendRecruitment(model, after, toRecruitment) });
  }
  return moves;
}

function fire(model: Model, world: World): Move[] {
  const moves: Move[] = [];
  for (const [id, event] of Object.entries(world.recruitment.timers)) {
    const { [id]: _, ...timers } = world.recruitment.timers;
    moves.push({ label: `fires ${id}`, by: "timer", world: sendRecruitment(model, world, event, timers) });
  }
  for (const [id, event] of Object.entries(world.task?.timers ?? {})) {
    const { [id]: _, ...timers } = world.task?.timers ?? {};
    moves.push(
      ...sendTask(model, world, event, timers).map((next) => ({
        label: `fires ${id} ${next.label}`,
        by: "timer" as const,
        world: next.world,
      })),
    );
  }
  return moves;
}

function claim(model: Model, world: World, seen: Look): Move[] {
  return model.compiled.ir.roles.flatMap((role) => {
    if (!readRegion(seen.recruitment, role.name)?.startsWith("offering")) return [];
    const offer = seen.recruitment.context.offers[role.name];
    const exhausted: Message = { type: "offer.exhausted", role: role.name, offer };
    const leads = seen.recruitment.context.leading[role.name] !== undefined;
    return [
      ...model.agents.flatMap((agent, index) => {
        const event: Message = { type: "role.claim", role: role.name, agent, offer, eligible: true, score: index + 1 };
        if (!seen.recruitment.can(event as never)) return [];
        return [{ label: `${agent} claims ${role.name}`, by: "agent" as const, world: sendRecruitment(model, world, event) }];
      }),
      ...(leads && seen.recruitment.can(exhausted as never)
        ? [{ label: `all have answered for ${role.name}`, by: "agent" as const, world: sendRecruitment(model, world, exhausted) }]
        : []),
    ];
  });
}

/** Claims for an offer that is gone, and of what is taken: they may come at any time, and change nobody's assignment. */
function claimLate(model: Model, world: World, seen: Look): Move[] {
  return model.compiled.ir.roles.flatMap((role) => {
    const offer = seen.recruitment.context.offers[role.name];
    if (role.type !== "open" || offer === undefined) return [];
    const held = readRegion(seen.recruitment, role.name)?.startsWith("held") === true;
    const event: Message = {
      type: "role.claim",
      role: role.name,
      agent: model.agents[0],
      offer: held ? offer : offer - 1,
      eligible: true,
      score: 99,
    };
    if (!seen.recruitment.can(event as never)) return [];
    const after = sendRecruitment(model, world, event);
    const before = JSON.stringify(seen.recruitment.context.seats);
    if (JSON.stringify(look(model, after).recruitment.context.seats) !== before) throw new Error(`a late claim of ${role.name} counts`);
    return [{ label: `a late claim of ${role.name}`, by: "agent", world: after }];
  });
}

function answer(model: Model, world: World, seen: Look): Move[] {
  const open = seen.task?.context.open;
  if (!open) return [];
  const broadcast = model.compiled.ir.roles.find((role) => role.name === open.role)?.type === "broadcast";
  const { audience } = seen.task?.context ?? {};
  // The host hears each agent once.
  if (audience && audience.acked + audience.failed >= audience.asked) return [];
  const fence = { turn: open.turn, agent: open.agent ?? "a", generation: broadcast ? open.turn : open.generation };
  const faults = { ...world.budget, faults: world.budget.faults - 1 };
  const events: [Message, World][] = [[{ type: "turn.answered", ...fence, ok: true }, world]];
  if (broadcast) events.push([{ type: "audience.asked", turn: open.turn, asked: 2 }, world]);
  if (world.budget.faults > 0) {
    const spent = { ...world, budget: faults };
    events.push(
      [{ type: "turn.failed", ...fence, retryable: true }, spent],
      [{ type: "turn.failed", ...fence, retryable: false }, spent],
      [{ type: "turn.invalid", ...fence }, spent],
    );
    events.push([{ type: "delivery.refused", about: "turn.assigned", reason: "deleted", ...fence }, spent]);
    if (broadcast) events.push([{ type: "audience.asked", turn: open.turn, asked: 0 }, spent]);
  }
  return events.flatMap(([event, from]) => {
    if (!seen.task?.can(event as never)) return [];
    const worlds = sendTask(model, from, event);
    if (event.type === "turn.answered" && !broadcast && worlds.some((next) => next.world.appended !== open.turn))
      throw new Error(`the answer to the turn ${open.turn} was taken, and is lost`);
    return worlds.map((next): Move => ({ label: `${fence.agent} ${event.type} ${next.label}`, by: "agent", world: next.world }));
  });
}

function endChild(model: Model, world: World, seen: Look): Move[] {
  if ((seen.task?.context.children?.left ?? 0) <= 0) return [];
  return ["completed", "failed"].flatMap((status) =>
    sendTask(model, world, { type: "child.ended", round: seen.task?.context.round, status }).map(
      (next): Move => ({ label: `child ${status} ${next.label}`, by: "agent", world: next.world }),
    ),
  );
}

function changePresence(model: Model, world: World, seen: Look): Move[] {
  const free = { ...world.budget, presence: world.budget.presence - 1 };
  const holders = [
    ...new Set((Object.values(seen.recruitment.context.seats) as Seat[]).flatMap(({ agent }) => (agent === null ? [] : [agent]))),
  ];
  const about = (event: Message, budget = free): Move[] =>
    seen.recruitment.can(event as never)
      ? [{ label: `${event["agent"]} ${event.type}`, by: "presence", world: sendRecruitment(model, { ...world, budget }, event) }]
      : [];
  // Coming back costs nothing: whoever is away may always come back.
  const backs = holders.flatMap((agent) => about({ type: "agent.back", agent }, world.budget));
  if (world.budget.presence <= 0) return backs;
  const seats = Object.entries(seen.recruitment.context.seats) as [string, Seat][];
  return [
    ...backs,
    ...holders.flatMap((agent) => [...about({ type: "agent.away", agent }), ...about({ type: "agent.deleted", agent })]),
    ...seats.flatMap(([role, { agent, generation }]) => (agent === null ? [] : about({ type: "role.release", role, agent, generation }))),
  ];
}

function order(model: Model, world: World, seen: Look): Move[] {
  const give = (event: Message, budget: World["budget"]): Move[] =>
    seen.recruitment.can(event as never)
      ? [{ label: `person: ${event.type}`, by: "person", world: sendRecruitment(model, { ...world, budget }, event) }]
      : [];
  const resume = give({ type: "thread.resume" }, world.budget);
  if (world.budget.person <= 0) return resume;
  const spent = { ...world.budget, person: world.budget.person - 1 };
  const roles = model.compiled.ir.roles.filter((role) => role.type !== "broadcast");
  return [
    ...resume,
    ...["thread.suspend", "thread.cancel", "thread.fail"].flatMap((type) => give({ type, reason: "asked" }, spent)),
    ...roles.flatMap((role) => give({ type: "role.assign", role: role.name, agent: "c" }, spent)),
  ];
}

/** Every move of a world. Throws {@link ParkedError} where an actor's message is not taken. */
export function listMoves(model: Model, world: World): Move[] {
  const seen = look(model, world);
  if (seen.recruitment.status !== "active") return [];
  const deliveries = deliver(model, world, seen);
  if (world.toTask.length + world.toRecruitment.length > underWay) return deliveries;
  return [
    ...deliveries,
    ...fire(model, world),
    ...claim(model, world, seen),
    ...claimLate(model, world, seen),
    ...answer(model, world, seen),
    ...endChild(model, world, seen),
    ...changePresence(model, world, seen),
    ...order(model, world, seen),
  ];
}
