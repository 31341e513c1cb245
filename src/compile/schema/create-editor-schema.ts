/** The language's shape as JSON Schema, for editors. References between fields are beyond it: those are the checks'. */
import { z } from "zod";
import { workflowShape } from "./workflow-shape.ts";

/** Makes the schema (draft 2020-12). Keys `x-*` may hold anything. */
export function createEditorSchema(): { [key: string]: unknown } {
  const schema = z.toJSONSchema(workflowShape, { io: "input", unrepresentable: "any", reused: "ref" }) as { [key: string]: unknown };
  return { ...schema, $id: "https://nerveflare.dev/workflow.schema.json", title: "nerve workflow", patternProperties: { "^x-": {} } };
}
