/** Does what every simulated agent does by itself: claims offered roles, holds named ones, takes broadcasts. */
import { evaluateExpression } from "../compile/decide/expression.ts";
import { collectsClaims } from "../compile/lower/party.ts";
import type { Json } from "../contract/event.ts";
import { type SimulatedThread, thread } from "./simulated-thread.ts";

/** Events that may follow one move by themselves (claims, messages). More than these mean a loop. */
const followUps = 200;

/** Goes on until nothing more happens by itself. */
export async function settle(walked: SimulatedThread): Promise<void> {
  for (let round = 0; round < followUps; round++) {
    await walked.idle();
    if (!(await claimOne(walked)) && !(await giveBroadcast(walked))) return;
  }
}

async function claimOne({ compiled, host, readRoot }: SimulatedThread): Promise<boolean> {
  const root = await readRoot();
  if (root?.status !== "active") return false;
  const open = (root.value as { open?: Record<string, Json> }).open ?? {};
  const { offers } = root.facts;
  for (const role of compiled.ir.roles) {
    const region = open[role.name];
    const offering = region === "offering" || (typeof region === "object" && region !== null && "offering" in region);
    if (!offering) continue;
    const agent = role.eligibility.agents?.[0] ?? `${role.name}-1`;
    const claim = { type: "role.claim", role: role.name, agent, offer: offers[role.name] ?? 0, eligible: true, score: 1 };
    const answer = await host.send(thread, claim);
    if (collectsClaims(role)) await host.send(thread, { type: "offer.exhausted", role: role.name, offer: offers[role.name] ?? 0 });
    if (answer.ok) return (await readRoot())?.revision !== root.revision;
  }
  return false;
}

async function giveBroadcast({ host, broadcast, readTask }: SimulatedThread): Promise<boolean> {
  const task = await readTask();
  const turn = broadcast.turn();
  if (!task || turn === undefined || task.facts.audience !== null || task.facts.open?.turn !== turn || task.status !== "active")
    return false;
  return (await host.send(task.name, { type: "audience.asked", turn, asked: broadcast.listAudience().length })).ok;
}

/** Assignments of named roles, as a thread's start gives them. */
export async function assignNamed({
  compiled: { ir },
  event,
}: SimulatedThread): Promise<Record<string, { agent: string; generation: number }>> {
  const seats: Record<string, { agent: string; generation: number }> = {};
  for (const role of ir.roles) {
    if (!role.agent) continue;
    let agent = "id" in role.agent ? role.agent.id : "";
    if ("from" in role.agent) {
      const result = await evaluateExpression(role.agent.from, { event, start: { workflow: ir.name, event } }, { event });
      if (result.ok && typeof result.value === "string") agent = result.value;
    }
    seats[role.name] = { agent: agent || `${role.name}-1`, generation: 1 };
  }
  return seats;
}
