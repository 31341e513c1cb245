/**
 * What `respond` takes, by the turns that are open: of each the role's own schema. Knows what clients and models take of a schema: an
 * object at its top, without alternatives there, whose names are of letters, digits, `_`, `.` and `-`; so `$status` stands under `output`.
 */
import type { TurnAssigned } from "../client/contract-types.ts";
import type { Json } from "../contract/event.ts";
import { isObject } from "../contract/json-schema/json-schema.ts";
import { countBytes } from "../contract/limits.ts";
import { mcpLimits } from "./limits.ts";

type Schema = { [keyword: string]: Json };

/** The parts of a turn that the schema depends on. */
export type AskedTurn = Pick<TurnAssigned, "turn" | "workflow"> & { role: { name: string; schema: Json } };

const body = { type: "string", description: "Optional free text that goes with the output, such as a report in Markdown." };

/** The input schema of `respond`. It takes every answer that is right; an answer to one turn by another's schema is refused when it comes. */
export function makeRespondSchema(turns: readonly AskedTurn[]): Schema {
  const share = Math.min(mcpLimits.listedSchemaBytes, Math.floor(mcpLimits.listedSchemasBytes / Math.max(1, turns.length)));
  const [first] = turns;
  const turn: Schema = { type: "string", description: "The id of the turn that is answered, as `wait_for_turn` gave it." };
  if (first === undefined) {
    const description = "The output, as the turn's role asks. No turn is open now: this becomes the role's schema with the next one.";
    return { type: "object", properties: { turn, output: { type: "object", description }, body }, required: ["turn", "output"] };
  }
  const output: Schema =
    turns.length === 1
      ? placeSchema(first, "#/properties/output", share)
      : {
          description: "The output of the turn's role: each way is one open turn's.",
          anyOf: turns.map((each, index) => placeSchema(each, `#/properties/output/anyOf/${index}`, share)),
        };
  return {
    type: "object",
    properties: { turn: { ...turn, enum: turns.map((each) => each.turn) }, output, body },
    required: ["turn", "output"],
  };
}

/** A role's schema as a part of another, at that place. */
function placeSchema({ turn, workflow, role }: AskedTurn, place: string, most: number): Schema {
  const title = `Output of ${workflow}/${role.name}, turn ${turn}`;
  const { schema } = role;
  if (!isObject(schema)) return { title, type: "object", ...(schema === false && { description: "The role's schema takes no output." }) };
  const dense = JSON.stringify(schema);
  if (countBytes(dense) > most) {
    const description = `The role's schema has ${countBytes(dense)} bytes and is not repeated here: call \`get_turn\` with part "schema".`;
    return { title, type: "object", description };
  }
  const { $schema: _dialect, ...placed } = isRooted(schema) ? schema : moveReferences(schema, place);
  // An output is an object whatever the schema says; clients look for the type of a part.
  return { title, ...(placed["type"] === undefined && { type: "object" }), ...placed };
}

/** Whether references resolve against the schema itself, wherever it stands. */
const isRooted = (schema: Schema): boolean => typeof schema["$id"] === "string" && !schema["$id"].startsWith("#");

/** Keywords whose values are no schemas, though they may look like some. */
const literal = new Set(["const", "enum", "default", "examples"]);

/** Keywords whose members are named by the author. */
const named = new Set(["properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "dependencies"]);

/** The same schema with its own pointers led to its new place. */
function moveReferences(schema: Schema, place: string): Schema {
  const move = (value: Json): Json => (Array.isArray(value) ? value.map(move) : isObject(value) ? moveAll(value) : value);
  const moveNamed = (value: Json): Json =>
    isObject(value) ? Object.fromEntries(Object.entries(value).map(([name, each]) => [name, move(each)])) : value;
  const moveAll = (value: Schema): Schema =>
    Object.fromEntries(
      Object.entries(value).map(([keyword, each]) => {
        if ((keyword === "$ref" || keyword === "$dynamicRef") && typeof each === "string") return [keyword, movePointer(each, place)];
        if (literal.has(keyword)) return [keyword, each];
        return [keyword, named.has(keyword) ? moveNamed(each) : move(each)];
      }),
    );
  return moveAll(schema);
}

function movePointer(reference: string, place: string): string {
  if (reference === "#") return place;
  return reference.startsWith("#/") ? `${place}${reference.slice(1)}` : reference;
}
