/** The language's shape as JSON Schema, for editors. References between fields are beyond it: those are the checks'. */
import * as z from "zod";
import { workflowShape } from "./workflow-shape.ts";

/** A node of a JSON Schema, as far as this room reads it. */
export interface EditorSchema {
  [keyword: string]: unknown;
  description?: string;
  properties?: { [field: string]: EditorSchema };
  items?: EditorSchema;
  additionalProperties?: EditorSchema | boolean;
  anyOf?: EditorSchema[];
  oneOf?: EditorSchema[];
}

/** Makes the schema (draft 2020-12), in one piece. It takes all that the compiler takes; keys `x-*` may hold anything. */
export function createEditorSchema(): EditorSchema {
  const schema = z.toJSONSchema(workflowShape, {
    io: "input",
    unrepresentable: "any",
    reused: "inline",
    override: ({ jsonSchema }) => {
      if (jsonSchema.additionalProperties === false) jsonSchema.patternProperties = { "^x-": {} };
      if (jsonSchema.propertyNames) delete jsonSchema.propertyNames;
    },
  }) as EditorSchema;
  return { $schema: schema["$schema"], $id: "https://nerveflare.dev/workflow.schema.json", title: "nerve workflow", ...schema };
}

/** The schema as the text of a file. */
export function renderEditorSchema(): string {
  return `${JSON.stringify(createEditorSchema(), null, 2)}\n`;
}
