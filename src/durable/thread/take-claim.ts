/** What agents say of a thread's roles: claims, declines and releases, judged on the card that they carry. Knows rows and the actor host. */
import { evaluateExpression, isTruthy } from "../../compile/decide/expression.ts";
import type { RoleIr } from "../../compile/ir.ts";
import type { CloudEvent } from "../../wire/event.ts";
import type { Accepted } from "../../wire/frames.ts";
import type { AgentData } from "../../wire/kinds.ts";
import { type Result, refuse, succeed } from "../../wire/problem.ts";
import type { ClaimCard, ThreadActorRpc } from "../rpc.ts";
import type { RecruitmentPorts } from "./recruitment-ports.ts";
import { takeInTurn } from "./take-in-turn.ts";
import { findHooks } from "./thread-hooks.ts";
import { readThread } from "./thread-rows.ts";

export function createClaimTaking(ports: RecruitmentPorts): ThreadActorRpc["take"] {
  const { name, host, storage, definition, random } = ports;

  async function judgeClaim(role: RoleIr, agent: ClaimCard, workflow: string): Promise<string | undefined> {
    const { all, agents, notAgents, where } = role.eligibility;
    if (agent.roles !== null && !agent.roles.includes(`${workflow}/${role.name}`)) return `not granted the role ${workflow}/${role.name}`;
    const missing = all.filter((capability) => !agent.capabilities.includes(capability));
    if (missing.length) return `lacks ${missing.join(", ")}`;
    if (agents && !agents.includes(agent.id)) return "not among the agents that the role names";
    if (notAgents.includes(agent.id)) return "excluded by the role";
    if (where === undefined) return undefined;
    const result = await evaluateExpression(where, agent, {});
    if (!result.ok) return `where fails: ${result.error.message}`;
    return isTruthy(result.value) ? undefined : `where is not met: ${where}`;
  }

  /** What the claim is ranked by, where the role collects claims. */
  async function scoreClaim({ recruitment: { pick, score } }: RoleIr, agent: ClaimCard): Promise<number | undefined> {
    if (pick === "random") return random();
    if (pick !== "best" || score === undefined) return undefined;
    const result = await evaluateExpression(score, agent, {});
    return result.ok && typeof result.value === "number" && Number.isFinite(result.value) ? result.value : undefined;
  }

  async function take(agent: ClaimCard, event: CloudEvent, hash: string): Promise<Result<Accepted>> {
    const thread = readThread(storage);
    const actor = thread && (await host.peek(name));
    if (!thread || !actor) return refuse("not_found", "There is no such offer or thread.");
    const accepted: Accepted = { id: event.id, status: "accepted", threads: [], notes: [] };
    const known = storage.exec<{ hash: string }>("SELECT hash FROM claimed WHERE agent = ? AND id = ?", agent.id, event.id)[0];
    if (known)
      return known.hash === hash ? succeed(accepted) : refuse("id_conflict", `The id ${event.id} was sent before with another body.`);
    const before = (remembered = true): void => {
      if (remembered) storage.exec("INSERT INTO claimed VALUES (?, ?, ?)", agent.id, event.id, hash);
      findHooks(storage).logCause({ ...event, correlationid: name, causationid: event.causationid ?? JSON.parse(thread.event).id }, name);
    };
    if (event.type === "nerve.role.release") {
      const { role, lease, reason } = event.data as AgentData<"nerve.role.release">;
      const answer = await host.send(
        name,
        { type: "role.release", role, agent: agent.id, generation: lease, reason },
        { before: () => before() },
      );
      return answer.ok ? succeed(accepted) : refuse("stale_lease", `The role ${role} is not yours under the lease ${lease} (any more).`);
    }
    const { offer } = event.data as AgentData<"nerve.offer.claim">;
    const row = storage.exec<{ role: string; closed: string | null; reply: string | null; offered: string | null }>(
      "SELECT offer.role, offer.closed, offered.reply, offered.agent AS offered FROM offer LEFT JOIN offered ON offered.offer = offer.id AND offered.agent = ? WHERE offer.id = ?",
      agent.id,
      offer,
    )[0];
    const closed = refuse("offer_closed", `The offer ${offer} is closed; drop it.`, { offer });
    if (!row) return refuse("not_found", "There is no such offer.");
    const reply =
      (text: string, remembered = true) =>
      (): void => {
        before(remembered);
        storage.exec("INSERT INTO offered VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET reply = excluded.reply", offer, agent.id, text);
      };
    if (event.type === "nerve.offer.decline") {
      if (row.closed !== null) return closed;
      host.committer.commit(reply(`declined: ${(event.data as AgentData<"nerve.offer.decline">).reason}`));
      return succeed(accepted);
    }
    const workflow = await definition(thread.revision);
    const role = workflow?.ir.roles.find((each) => each.name === row.role);
    if (!role) return closed;
    const why = await judgeClaim(role, agent, thread.workflow);
    const number = Number(offer.slice(offer.lastIndexOf(":") + 1));
    const score = why === undefined ? await scoreClaim(role, agent) : undefined;
    const fact = {
      type: "role.claim",
      role: role.name,
      agent: agent.id,
      offer: number,
      eligible: why === undefined,
      ...(why !== undefined && { why }),
      ...(score !== undefined && { score }),
    };
    // One that was refused leaves its id free: offered again, the agent may claim again.
    const answer = await host.send(name, fact, { before: reply(why === undefined ? "claimed" : `refused: ${why}`, why === undefined) });
    return answer.ok ? succeed(accepted) : closed;
  }

  return takeInTurn(take);
}
