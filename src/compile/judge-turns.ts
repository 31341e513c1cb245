/** Whether an agent that says which turns it takes would take those of a role. Pure. */

import type { Json } from "../contract/event.ts";
import { checkSchema, type JsonSchema, type Work } from "../contract/json-schema/check-schema.ts";
import type { TurnAssigned } from "../contract/kinds/turn.ts";
import type { TurnWarning } from "../contract/views/agent.ts";
import type { RoleIr, WorkflowIr } from "./ir.ts";

/** What says who may take a role. */
export interface CandidateCard {
  id: string;
  capabilities: readonly string[];
  /** `workflow/role` grants; null: all. */
  roles: readonly string[] | null;
}

/**
 * The roles that the agent is a candidate for, where its own rules would drop their turns. What a turn will hold is known here but for
 * prompts and outputs, so only misfits of the workflow and the role count.
 * @param schema of the turns that it takes
 * @param work what judging may cost; what is left is left in it
 */
export function findDroppedTurns(ir: WorkflowIr, card: CandidateCard, schema: JsonSchema, work: Work): TurnWarning[] {
  return ir.roles
    .filter((role) => isCandidate(ir, role, card))
    .flatMap((role) =>
      checkSchema(schema, makeSampleTurn(ir, role) as unknown as Json, work).flatMap(({ path, message }) =>
        /^(\/(workflow|role)\b|$)/.test(path) ? [{ role: role.name, agent: card.id, path, message }] : [],
      ),
    );
}

function isCandidate(ir: WorkflowIr, role: RoleIr, card: CandidateCard): boolean {
  if (role.agent) return "id" in role.agent && role.agent.id === card.id;
  const { all, agents, notAgents } = role.eligibility;
  return (
    (card.roles === null || card.roles.includes(`${ir.name}/${role.name}`)) &&
    all.every((capability) => card.capabilities.includes(capability)) &&
    (agents === undefined || agents.includes(card.id)) &&
    !notAgents.includes(card.id)
  );
}

/** A turn of the role as far as the workflow alone decides it. */
function makeSampleTurn(ir: WorkflowIr, role: RoleIr): TurnAssigned {
  const thread = `t${"a".repeat(25)}`;
  const time = new Date(0).toISOString();
  return {
    turn: `${thread}.1.0:1`,
    attempt: 1,
    retries: 0,
    lease: { generation: 1, expires: null },
    thread,
    workflow: ir.name,
    role: { ...role.fields, name: role.name, schema: (role.schema ?? true) as Json },
    prompt: "",
    round: 1,
    deadline: time,
    heartbeat: { every: "30s", miss: 3 },
    event: { specversion: "1.0", id: "sample", source: "/agents/sample", type: ir.reflexes[0]?.on[0] ?? "sample", time },
    last: null,
    history: `/v1/threads/${thread}/messages`,
  };
}
