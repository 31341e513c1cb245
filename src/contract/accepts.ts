/** What an agent says it accepts: kinds, each with a JSON Schema of its `data`. Consumers check; the server only shows it. */

import * as z from "zod";
import { kindPattern } from "./event.ts";
import { inspectSchema, type JsonSchema, type SchemaFault } from "./json-schema/check-schema.ts";
import { exceedsBytes, limits } from "./limits.ts";

/** The kind by which turns come: a schema of it says which turns an agent takes. */
export const turnKind = "nerve.turn.assigned";

/** Kinds with their schemas; `true` takes any data. */
export interface AcceptedKinds {
  [kind: string]: JsonSchema;
}

const schema = z.union([z.boolean(), z.record(z.string(), z.json())], { error: "a JSON Schema: an object, true or false" });
const kind = z.string().regex(kindPattern, "an event's kind");

/** As a report says it: kinds with schemas, or a list of kinds alone. */
export const acceptedKinds = z
  .union(
    [z.record(kind, schema), z.array(kind).transform((kinds): AcceptedKinds => Object.fromEntries(kinds.map((each) => [each, true])))],
    {
      error: "kinds, each with a JSON Schema; or a list of kinds",
    },
  )
  .refine((kinds) => Object.keys(kinds).length <= limits.acceptedKinds, `at most ${limits.acceptedKinds} kinds`)
  .refine((kinds) => !exceedsBytes(JSON.stringify(kinds), limits.acceptsLength), `at most ${limits.acceptsLength} bytes of schemas`)
  // Others judge by them: what can't be judged by is refused here, where its author hears of it.
  .superRefine((kinds, context) => {
    for (const [kind, { path, message }] of inspectKinds(kinds))
      context.addIssue({ code: "custom", path: [kind, ...(path === "" ? [] : [path])], message });
  });

/** What is wrong with the schemas of kinds, each fault with its kind. */
export function inspectKinds(kinds: AcceptedKinds): [kind: string, fault: SchemaFault][] {
  return Object.entries(kinds).flatMap(([kind, schema]) => inspectSchema(schema).map((fault): [string, SchemaFault] => [kind, fault]));
}
