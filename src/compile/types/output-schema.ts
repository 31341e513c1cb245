/** Which answers of a role its workflow takes, as one schema. */
import type { Json } from "../../contract/event.ts";
import type { JsonSchema } from "../../contract/json-schema/json-schema.ts";
import type { RoleIr, WorkflowIr } from "../ir.ts";

const object: JsonSchema = { type: "object" };

/** The answers that the graph takes: what the schema says, and of a schema that names no statuses, those of the role's edges. */
export function outputSchema(ir: WorkflowIr, role: RoleIr): JsonSchema {
  const statuses = listEdgeStatuses(ir, role);
  const asked: JsonSchema[] = statuses ? [{ properties: { $status: { enum: statuses } }, required: ["$status"] }] : [];
  if (role.schema === undefined || typeof role.schema === "boolean") return { allOf: [object, role.schema ?? true, ...asked] };
  // References are from the schema's own root.
  return { ...role.schema, allOf: [...([role.schema["allOf"] ?? []].flat() as JsonSchema[]), object, ...asked] as Json[] };
}

/** The statuses that are the graph's alone to say; undefined where the schema names them, or anything goes. */
export function listEdgeStatuses(ir: WorkflowIr, role: RoleIr): string[] | undefined {
  if (ir.form !== "status" || role.type === "broadcast") return undefined;
  // The compiler refuses a schema that says something and not which statuses there are.
  if (typeof role.schema === "object") return undefined;
  const edges = ir.nodes.find(({ name }) => name === role.name)?.edges ?? [];
  const statuses = edges.flatMap(({ guard }) => (guard.type === "status" && !guard.status.startsWith("$") ? [guard.status] : []));
  return statuses.length === 0 || statuses.includes("_") ? undefined : statuses;
}
