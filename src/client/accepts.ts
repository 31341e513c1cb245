/** Consumer-side validation: payloads carry no schema on the wire, so who takes an event says what it must look like. */
import type { Json } from "../contract/event.ts";

/** The common interface of zod, valibot, arktype and others (standardschema.dev), as far as it is used. */
export interface StandardSchema {
  "~standard": {
    validate(value: unknown): SchemaResult | Promise<SchemaResult>;
  };
}

type SchemaResult = {
  issues?: readonly { message: string; path?: readonly (PropertyKey | { key: PropertyKey })[] | undefined }[] | undefined;
};

/** A schema that can be shown to others as JSON Schema. */
export interface PublishedSchema {
  jsonSchema: { [key: string]: Json } | boolean;
}

/** The kinds that an agent takes, each with the schema of its `data`, or a function that throws on what does not fit. */
export interface Accepts {
  [kind: string]: (StandardSchema & Partial<PublishedSchema>) | ((data: unknown) => unknown);
}

/**
 * Says why an event is not one of those that are accepted, or nothing if it is. The orchestrator's own kinds need not be declared.
 */
export async function findMisfit(accepts: Accepts | undefined, event: { type: string; data?: unknown }): Promise<string | undefined> {
  if (!accepts) return undefined;
  if (!Object.hasOwn(accepts, event.type)) return event.type.startsWith("nerve.") ? undefined : "its kind is not among those accepted";
  const schema = accepts[event.type];
  try {
    if (typeof schema === "function") {
      await schema(event.data);
      return undefined;
    }
    const issues = (await schema?.["~standard"].validate(event.data))?.issues;
    if (!issues?.length) return undefined;
    return issues.map(({ path = [], message }) => `${["data", ...path.map(renderKey)].join(".")}: ${message}`).join("; ");
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** What a report says of them: each kind with its JSON Schema, `true` where there is none to show. */
export function describeAccepts(accepts: Accepts): { [kind: string]: Json } {
  return Object.fromEntries(
    Object.entries(accepts).map(([kind, schema]) => [kind, typeof schema === "function" ? true : (schema.jsonSchema ?? true)]),
  );
}

function renderKey(key: PropertyKey | { key: PropertyKey }): string {
  return String(typeof key === "object" ? key.key : key);
}
