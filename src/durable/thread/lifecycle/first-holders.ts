/** Who holds a thread's roles as it begins: named agents are bound at once, and who held a role before holds it again. Knows the registry, no rows. */
import type { Seat } from "../../../../machines/messages.ts";
import type { CompiledWorkflow } from "../../../compile/compile-workflow.ts";
import { evaluateExpression } from "../../../compile/decide/expression.ts";
import { type Result, refuse, succeed } from "../../../contract/problem.ts";
import type { Admit } from "../../protocol/workflow.ts";
import type { RecruitmentPorts } from "../recruitment/recruitment-ports.ts";

export interface FirstHolders {
  /** Named roles are bound at once: to the agent that the author named, or that the event names. @param given who holds a role in place of those */
  assignNamed(compiled: CompiledWorkflow, start: Admit, given?: Record<string, string>): Promise<Result<Record<string, Seat>>>;
  /** Whoever held a role and is still there holds it again; pools are claimed anew anyhow. */
  assignAgain(compiled: CompiledWorkflow, start: Admit, former: Record<string, Seat>): Promise<Result<Record<string, Seat>>>;
}

export function createFirstHolders(registry: Pick<RecruitmentPorts["registry"], "cards">): FirstHolders {
  async function assignAgain(
    compiled: CompiledWorkflow,
    message: Admit,
    former: Record<string, Seat>,
  ): Promise<Result<Record<string, Seat>>> {
    const asked = [...new Set(Object.values(former).flatMap(({ agent }) => (agent === null ? [] : [agent])))];
    const known = new Set((asked.length ? await registry.cards(asked) : []).map(({ id }) => id));
    const seats: Record<string, Seat> = {};
    const kept: Record<string, string> = {};
    for (const role of compiled.ir.roles) {
      const seat = former[role.name];
      if (seat && role.type === "open") seats[role.name] = { agent: null, generation: seat.generation };
      if (seat?.agent && role.bind === "thread" && (known.has(seat.agent) || isOwnAgent(message, seat.agent))) kept[role.name] = seat.agent;
    }
    const named = await assignNamed(compiled, message, kept);
    if (!named.ok) return named;
    for (const [role, { agent }] of Object.entries(named.value)) seats[role] = { agent, generation: (former[role]?.generation ?? 0) + 1 };
    return succeed(seats);
  }

  function isOwnAgent({ event, initiator }: Admit, agent: string): boolean {
    return agent === initiator && event.source === `/agents/${initiator}`;
  }

  async function assignNamed(
    { ir }: CompiledWorkflow,
    { event, initiator, workflow }: Admit,
    given: Record<string, string> = {},
  ): Promise<Result<Record<string, Seat>>> {
    const seats: Record<string, Seat> = {};
    const seen = { ...event, agent: initiator };
    for (const role of ir.roles) {
      const chosen = Object.hasOwn(given, role.name) ? given[role.name] : undefined;
      if (chosen !== undefined) seats[role.name] = { agent: chosen, generation: 1 };
      if (chosen !== undefined || !role.agent) continue;
      let agent = "id" in role.agent ? role.agent.id : "";
      if ("from" in role.agent) {
        const result = await evaluateExpression(role.agent.from, { event: seen, start: { workflow, event: seen } }, { event: seen });
        if (!result.ok) return refuse("not_allowed_now", `the agent of the role ${role.name}: ${result.error.message}`);
        if (typeof result.value !== "string" || result.value === "")
          return refuse(
            "not_allowed_now",
            `the agent of the role ${role.name} comes out empty: ${role.agent.from} names nobody in this event`,
          );
        agent = result.value;
      }
      seats[role.name] = { agent, generation: 1 };
    }
    // The event's sender needs no check: it exists.
    const sender = event.source === `/agents/${initiator}` ? initiator : undefined;
    const asked = [...new Set(Object.values(seats).flatMap(({ agent }) => (agent === null || agent === sender ? [] : [agent])))];
    const known = asked.length ? await registry.cards(asked) : [];
    for (const [role, { agent }] of Object.entries(seats))
      if (agent !== sender && !known.some(({ id }) => id === agent))
        return refuse("not_allowed_now", `the role ${role} names the agent ${agent}, and there is none`);
    return succeed(seats);
  }

  return { assignNamed, assignAgain };
}
