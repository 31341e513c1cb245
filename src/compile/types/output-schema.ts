/** Which answers of a role its workflow takes, as one schema. */
import type { Json } from "../../contract/event.ts";
import { indexSchema } from "../../contract/json-schema/index-schema.ts";
import type { JsonSchema } from "../../contract/json-schema/json-schema.ts";
import type { RoleIr, WorkflowIr } from "../ir.ts";
import { createShapeReader } from "./read-shape.ts";
import type { Shape } from "./shape.ts";

const object: JsonSchema = { type: "object" };

/** The answers that the graph takes: what the schema says, and of a schema that names no statuses, those of the role's edges. */
export function outputSchema(ir: WorkflowIr, role: RoleIr): JsonSchema {
  const statuses = listEdgeStatuses(ir, role);
  const asked: JsonSchema[] = statuses ? [{ properties: { $status: { enum: statuses } }, required: ["$status"] }] : [];
  if (role.schema === undefined || typeof role.schema === "boolean") return { allOf: [object, ...asked] };
  // References are from the schema's own root.
  return { ...role.schema, allOf: [...([role.schema["allOf"] ?? []].flat() as JsonSchema[]), object, ...asked] as Json[] };
}

/** The statuses that are the graph's alone to say; undefined where the schema names them, or anything goes. */
export function listEdgeStatuses(ir: WorkflowIr, role: RoleIr): string[] | undefined {
  if (ir.form !== "status" || role.type === "broadcast") return undefined;
  if (typeof role.schema === "object" && (readMember(role.schema, "$status") ?? readMember(role.schema, "status"))) return undefined;
  const edges = ir.nodes.find(({ name }) => name === role.name)?.edges ?? [];
  const statuses = edges.flatMap(({ guard }) => (guard.type === "status" && !guard.status.startsWith("$") ? [guard.status] : []));
  return statuses.length === 0 || statuses.includes("_") ? undefined : statuses;
}

/** What alternatives of an output say of a member; undefined where one says nothing. */
export function readMember(schema: JsonSchema, name: string): Shape[] | undefined {
  const reader = createShapeReader(indexSchema(schema));
  const { standing, objects } = reader.read([schema]);
  if (standing.object === "none") return undefined;
  const found = objects.flatMap(({ members }) =>
    members.get(name)?.schemas.length ? [reader.read(members.get(name)?.schemas ?? [])] : [],
  );
  return found.length > 0 && found.length === objects.length ? found : undefined;
}
