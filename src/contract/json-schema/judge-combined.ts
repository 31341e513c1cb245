/** The keywords that bring further schemas to the same value: references, alternatives, conditions. */
import type { Json } from "../event.ts";
import { isSchema, type JsonSchema, type SchemaObject } from "./json-schema.ts";
import { askOnly, goesOn, judgeBeside, type Manner, mergeSeen, tell } from "./manner.ts";
import { tellAlternatives } from "./tell-alternatives.ts";

const combinedParts = [judgeTogether, judgeAnyOf, judgeOneOf, judgeNot, judgeCondition];

export function judgeCombined(schema: SchemaObject, value: Json, manner: Manner): boolean {
  if (!manner.judging.index.branching) return true;
  let fits = true;
  for (const part of combinedParts) {
    if (part(schema, value, manner)) continue;
    fits = false;
    if (!goesOn(manner)) return false;
  }
  return fits;
}

/** What must all hold: what is referred to, and `allOf`. */
function judgeTogether(schema: SchemaObject, value: Json, manner: Manner): boolean {
  const { targets } = manner.judging.index;
  const { allOf } = schema;
  if (targets.size === 0 && allOf === undefined) return true;
  const all = [...(targets.get(schema) ?? []), ...(Array.isArray(allOf) ? (allOf as JsonSchema[]) : [])];
  let fits = true;
  for (const each of all) {
    if (judgeBeside(each, value, manner)) continue;
    fits = false;
    if (!goesOn(manner)) return false;
  }
  return fits;
}

function judgeAnyOf({ anyOf }: SchemaObject, value: Json, manner: Manner): boolean {
  if (!Array.isArray(anyOf)) return true;
  const ways = anyOf as JsonSchema[];
  let fits = false;
  for (const way of ways) {
    const asked = askOnly(manner);
    if (!manner.judging.judge(way, value, asked)) continue;
    fits = true;
    mergeSeen(manner.seen, asked.seen);
    // Only those that ask what was looked at must hear of every way.
    if (!manner.seen) return true;
  }
  if (!fits) tellAlternatives(ways, value, manner);
  return fits;
}

function judgeOneOf({ oneOf }: SchemaObject, value: Json, manner: Manner): boolean {
  if (!Array.isArray(oneOf)) return true;
  const ways = oneOf as JsonSchema[];
  const fitting: number[] = [];
  for (let place = 0; place < ways.length; place++) {
    const asked = askOnly(manner);
    if (!manner.judging.judge(ways[place] as JsonSchema, value, asked)) continue;
    fitting.push(place + 1);
    mergeSeen(manner.seen, asked.seen);
    if (fitting.length > 1 && !goesOn(manner)) return false;
  }
  if (fitting.length === 1) return true;
  if (fitting.length === 0) {
    tellAlternatives(ways, value, manner);
    return false;
  }
  const last = fitting.pop();
  return tell(manner, `must fit one alternative of \`oneOf\` and no other, but fits numbers ${fitting.join(", ")} and ${last}`);
}

function judgeNot({ not }: SchemaObject, value: Json, manner: Manner): boolean {
  if (!isSchema(not) || !manner.judging.judge(not, value, askOnly(manner))) return true;
  const { const: constant, enum: options, required } = typeof not === "object" ? not : {};
  const excluded = constant !== undefined ? [constant] : Array.isArray(options) ? options : undefined;
  if (excluded)
    return tell(
      manner,
      `must not be ${excluded
        .map((each) => JSON.stringify(each))
        .join(" or ")
        .slice(0, 200)}`,
    );
  if (Array.isArray(required) && Object.keys(not).length === 1)
    return tell(
      manner,
      `must not have ${required
        .map((name) => `\`${String(name)}\``)
        .join(" and ")
        .slice(0, 200)}`,
    );
  return tell(manner, "must not be what the schema excludes by `not`");
}

function judgeCondition(schema: SchemaObject, value: Json, manner: Manner): boolean {
  const condition = schema["if"];
  if (!isSchema(condition)) return true;
  const asked = askOnly(manner);
  const holds = manner.judging.judge(condition, value, asked);
  if (holds) mergeSeen(manner.seen, asked.seen);
  const then = schema[holds ? "then" : "else"];
  return !isSchema(then) || judgeBeside(then, value, manner);
}
