/** Reads where a thread that is walked stands. */
import { readThreadStatus } from "../../machines/thread-status.ts";
import type { SimulatedThread } from "./simulated-thread.ts";
import type { SimulationView } from "./simulation.ts";

export async function readView(walked: SimulatedThread): Promise<SimulationView> {
  const root = await walked.readRoot();
  const task = await walked.readTask();
  const status = readThreadStatus({ hasTag: (tag) => root?.tags.includes(tag) === true });
  const held = Object.entries(root?.facts.seats ?? {}).flatMap(([role, { agent }]) => (agent === null ? [] : [[role, agent] as const]));
  const shown: SimulationView = {
    status,
    reason: root?.facts.reason ?? null,
    seats: Object.fromEntries(held),
    steps: [...walked.record.steps],
  };
  const children = task?.facts.children;
  if (children && status === "running") shown.children = children.left;
  const turn = task && readTurn(walked, task);
  return turn ? { ...shown, turn } : shown;
}

function readTurn(
  { compiled, broadcast, record }: SimulatedThread,
  { status, facts, timers }: NonNullable<Awaited<ReturnType<SimulatedThread["readTask"]>>>,
): SimulationView["turn"] {
  const { open, audience } = facts;
  if (!open || status !== "active") return undefined;
  const role = compiled.ir.roles.find(({ name }) => name === open.role);
  const isBroadcast = role?.type === "broadcast" && audience !== null;
  if (open.state !== "given" && !isBroadcast) return undefined;
  const due = timers[0]?.due;
  return {
    role: open.role,
    agent: (isBroadcast ? broadcast.listMissing()[0] : open.agent) ?? "nobody",
    round: open.turn,
    prompt: record.prompts.get(open.decision) ?? "",
    schema: role?.schema ?? true,
    timeout: due === undefined ? "never" : new Date(due).toISOString(),
  };
}
