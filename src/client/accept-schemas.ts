/**
 * Kinds with JSON Schemas, for those who keep theirs in files. Apart from the client's index: it alone needs a package, the
 * judge that the server uses too.
 */
import { checkSchema, inspectSchema, type JsonSchema } from "../contract/json-schema/check-schema.ts";
import type { Accepts, PublishedSchema, StandardSchema } from "./accepts.ts";

/**
 * Makes {@link Accepts} of kinds and the JSON Schemas (draft 2020-12) of their `data`. The agent publishes them with its report, so that
 * operators see who accepts what.
 * @example acceptSchemas({ "deploy.finished": { type: "object", required: ["sha"] } })
 * @throws TypeError where a schema is neither an object nor a boolean, or can't be judged by within bounds; with its place
 */
export function acceptSchemas(schemas: { [kind: string]: unknown }): Accepts {
  return Object.fromEntries(
    Object.entries(schemas).map(([kind, schema]) => {
      if (!isSchema(schema)) throw new TypeError(`the schema of ${kind} is neither an object nor true or false`);
      const [fault] = inspectSchema(schema);
      if (fault) throw new TypeError(`the schema of ${kind} can't be judged by: ${fault.path || "its root"}: ${fault.message}`);
      return [kind, acceptSchema(schema)];
    }),
  );
}

function acceptSchema(jsonSchema: JsonSchema): StandardSchema & PublishedSchema {
  return {
    jsonSchema,
    "~standard": {
      validate(value) {
        const misfits = checkSchema(jsonSchema, (value ?? null) as never);
        return { issues: misfits.map(({ path, message }) => ({ path: path.split("/").slice(1), message })) };
      },
    },
  };
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === "boolean" || (typeof value === "object" && value !== null && !Array.isArray(value));
}
