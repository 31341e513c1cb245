/** By what an agent knows that its types are of another revision: fingerprints of what the types of a workflow depend on. */
import { fingerprintSchema, hashText } from "../../contract/json-schema/fingerprint-schema.ts";
import type { RoleIr, WorkflowIr } from "../ir.ts";
import { listEdgeStatuses } from "./output-schema.ts";

/** What types of a workflow depend on, by role and of the data that starts it. */
export function fingerprintTypes(ir: WorkflowIr): { input: string; roles: { [role: string]: string } } {
  return { input: fingerprintSchema(ir.input), roles: Object.fromEntries(ir.roles.map((role) => [role.name, fingerprintRole(ir, role)])) };
}

/** The schema's, which a turn carries too; where the graph alone says the statuses, theirs behind a `+`. */
function fingerprintRole(ir: WorkflowIr, role: RoleIr): string {
  const statuses = listEdgeStatuses(ir, role);
  return fingerprintSchema(role.schema) + (statuses ? `+${hashText(JSON.stringify(statuses.sort()))}` : "");
}
