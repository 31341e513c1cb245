/** The keywords that look at lists. */
import type { Json } from "../event.ts";
import { spend } from "./count-work.ts";
import { identifyValue } from "./identify-value.ts";
import { isSchema, type JsonSchema, type SchemaObject } from "./json-schema.ts";
import { askOnly, goesOn, goInto, type Manner, tell } from "./manner.ts";

const items = (count: number): string => `${count} item${count === 1 ? "" : "s"}`;

const arrayParts = [judgeLength, judgeItems, judgeContains, judgeUnique, judgeUnevaluated];

export function judgeArray(schema: SchemaObject, value: Json, manner: Manner): boolean {
  if (!Array.isArray(value)) return true;
  let fits = true;
  for (const part of arrayParts) {
    if (part(schema, value, manner)) continue;
    fits = false;
    if (!goesOn(manner)) return false;
  }
  return fits;
}

function judgeLength({ minItems, maxItems }: SchemaObject, { length }: Json[], manner: Manner): boolean {
  let fits = true;
  if (typeof minItems === "number" && length < minItems) fits = tell(manner, `must have at least ${items(minItems)}, has ${length}`);
  if (typeof maxItems === "number" && length > maxItems) fits = tell(manner, `must have at most ${items(maxItems)}, has ${length}`);
  return fits;
}

function judgeItems(schema: SchemaObject, list: Json[], manner: Manner): boolean {
  // Older drafts have the first items' schemas in `items`, and the others' in `additionalItems`.
  const old = Array.isArray(schema["items"]);
  const first = old ? schema["items"] : schema["prefixItems"];
  const firsts = Array.isArray(first) ? (first as JsonSchema[]) : [];
  const rest = schema[old ? "additionalItems" : "items"];
  let fits = true;
  for (const [index, item] of list.entries()) {
    const own = index < firsts.length ? firsts[index] : isSchema(rest) ? rest : undefined;
    if (own === undefined) break;
    if (manner.judging.judge(own, item, goInto(manner, index))) continue;
    fits = false;
    if (!goesOn(manner)) return false;
  }
  const { seen } = manner;
  if (seen) {
    seen.upTo = Math.max(seen.upTo, Math.min(firsts.length, list.length));
    if (isSchema(rest)) seen.all = true;
  }
  return fits;
}

function judgeContains({ contains, minContains, maxContains }: SchemaObject, list: Json[], manner: Manner): boolean {
  if (!isSchema(contains)) return true;
  const least = typeof minContains === "number" ? minContains : 1;
  const most = typeof maxContains === "number" ? maxContains : Number.POSITIVE_INFINITY;
  let count = 0;
  for (const [index, item] of list.entries()) {
    if (!manner.judging.judge(contains, item, askOnly(goInto(manner, index)))) continue;
    count += 1;
    manner.seen?.items.add(index);
  }
  if (count >= least && count <= most) return true;
  const bound = count < least ? `at least ${least}` : `at most ${most}`;
  return tell(
    manner,
    `must have ${bound} item${(count < least ? least : most) === 1 ? "" : "s"} that ${"`contains`"} describes, has ${count}`,
  );
}

function judgeUnique({ uniqueItems }: SchemaObject, list: Json[], manner: Manner): boolean {
  if (uniqueItems !== true) return true;
  const first = new Map<string, number>();
  for (const [index, item] of list.entries()) {
    const identity = identifyValue(item, manner.judging.work);
    const same = first.get(identity);
    if (same !== undefined) return tell(manner, `must not hold the same twice: item ${index} is as item ${same}`);
    first.set(identity, index);
  }
  return true;
}

function judgeUnevaluated({ unevaluatedItems }: SchemaObject, list: Json[], manner: Manner): boolean {
  const { seen, judging, telling } = manner;
  if (!isSchema(unevaluatedItems) || !seen) return true;
  // A way that does not fit looked at nothing: what it would have looked at is not to be told of.
  if (telling && telling.misfits.length > 0) return true;
  let fits = true;
  spend(judging.work, list.length);
  for (const [index, item] of list.entries()) {
    if (seen.all || index < seen.upTo || seen.items.has(index)) continue;
    if (unevaluatedItems === false) fits = tell(manner, "is one item more than is allowed", index);
    else if (!judging.judge(unevaluatedItems, item, goInto(manner, index))) fits = false;
    if (!fits && !goesOn(manner)) return false;
  }
  seen.all = true;
  return fits;
}
