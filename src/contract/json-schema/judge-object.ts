/** The keywords that look at objects. */
import type { Json } from "../event.ts";
import { spend } from "./count-work.ts";
import { isObject, isSchema, type JsonSchema, type SchemaObject } from "./json-schema.ts";
import { listChoices } from "./judge-scalar.ts";
import { goesOn, goInto, judgeBeside, type Manner, suggest, tell } from "./manner.ts";

type Members = { [name: string]: Json };

/** Steps of a member that is gone through: of a large object each is looked up by its name. */
const perMember = 6;

const objectParts = [judgeMembers, judgeCount, judgeNames, judgeDependencies, judgeUnevaluated];

export function judgeObject(schema: SchemaObject, value: Json, manner: Manner): boolean {
  if (!isObject(value)) return true;
  let fits = true;
  for (const part of objectParts) {
    if (part(schema, value, manner)) continue;
    fits = false;
    if (!goesOn(manner)) return false;
  }
  return fits;
}

/** The names of its members; that costs as many steps. */
function listNames(value: Members, { judging }: Manner): string[] {
  const names = Object.keys(value);
  spend(judging.work, 2 * names.length);
  return names;
}

const code = (name: string): string => `\`${name.length > 60 ? `${name.slice(0, 57)}…` : name}\``;

const none: never[] = [];

/** `required`, and the schemas of members by name, by pattern, and of all others. */
function judgeMembers(schema: SchemaObject, value: Members, manner: Manner): boolean {
  const { judging } = manner;
  const { required, properties, patternProperties, additionalProperties: others } = schema;
  const missing = Array.isArray(required) ? listMissing(required, value, manner) : none;
  if (missing.length > 0 && !goesOn(manner)) return false;
  const patterns = isObject(patternProperties) ? Object.entries(patternProperties) : none;
  const known = isObject(properties) ? properties : undefined;
  const unknown: string[] = [];
  let fits = missing.length === 0;
  // Going through a large object is what costs, whether or not its members are asked for anything.
  const isAsked = properties !== undefined || patterns.length > 0 || others !== undefined;
  for (const name of isAsked ? Object.keys(value) : none) {
    spend(judging.work, perMember + patterns.length);
    const own = known && Object.hasOwn(known, name) ? known[name] : undefined;
    let isKnown = isSchema(own);
    if (isSchema(own) && !judgeMember(own, name, value, manner)) fits = false;
    if (!fits && !goesOn(manner)) return false;
    for (const [source, inner] of patterns) {
      if (!judging.index.patterns.get(source)?.matches(name, judging.work) || !isSchema(inner)) continue;
      isKnown = true;
      if (!judgeMember(inner, name, value, manner)) fits = false;
      if (!fits && !goesOn(manner)) return false;
    }
    if (isKnown || !isSchema(others)) continue;
    if (others === false) unknown.push(name);
    else if (!judgeMember(others, name, value, manner)) fits = false;
    if ((!fits || unknown.length > 0) && !goesOn(manner)) return false;
  }
  if (missing.length > 0 || unknown.length > 0) tellNames({ properties: known ?? {}, missing: new Set(missing), unknown }, value, manner);
  return fits && unknown.length === 0;
}

function judgeMember(schema: JsonSchema, name: string, value: Members, manner: Manner): boolean {
  manner.seen?.names.add(name);
  return manner.judging.judge(schema, value[name] as Json, goInto(manner, name));
}

function listMissing(required: readonly Json[], value: Members, { judging }: Manner): string[] {
  spend(judging.work, 2 * required.length);
  let missing: string[] | undefined;
  for (const each of required) {
    const name = String(each);
    if (Object.hasOwn(value, name)) continue;
    missing ??= [];
    missing.push(name);
  }
  return missing ?? none;
}

/** Tells of names: a member under a name that is nearly one that is missing is one thing to mend, not two. */
function tellNames(
  { properties, missing, unknown }: { properties: Members; missing: Set<string>; unknown: string[] },
  value: Members,
  manner: Manner,
): void {
  if (!goesOn(manner)) return;
  const free = unknown.length > 0 ? listNames(properties, manner).filter((name) => !Object.hasOwn(value, name)) : [];
  for (const name of unknown) {
    if (!goesOn(manner)) return;
    const meant = suggest(name, missing, manner) ?? suggest(name, free, manner);
    if (meant !== undefined) missing.delete(meant);
    const names = meant === undefined ? Object.keys(properties).slice(0, 100).map(code) : [];
    const hint = meant !== undefined ? `; did you mean ${code(meant)}?` : names.length > 0 ? `; there is ${listChoices(names)}` : "";
    tell(manner, `${code(name)} is not allowed here${hint}`);
  }
  const names = missing.size > 0 ? listNames(value, manner) : [];
  const extra = names.filter((name) => !Object.hasOwn(properties, name) && !unknown.includes(name));
  for (const name of missing) {
    if (!goesOn(manner)) return;
    const written = suggest(name, extra, manner);
    tell(manner, `${code(name)} is missing${written === undefined ? "" : `; did you mean it by ${code(written)}?`}`);
  }
}

function judgeCount({ minProperties, maxProperties }: SchemaObject, value: Members, manner: Manner): boolean {
  if (minProperties === undefined && maxProperties === undefined) return true;
  const count = listNames(value, manner).length;
  const fields = (bound: number): string => `${bound} propert${bound === 1 ? "y" : "ies"}`;
  let fits = true;
  if (typeof minProperties === "number" && count < minProperties)
    fits = tell(manner, `must have at least ${fields(minProperties)}, has ${count}`);
  if (typeof maxProperties === "number" && count > maxProperties)
    fits = tell(manner, `must have at most ${fields(maxProperties)}, has ${count}`);
  return fits;
}

function judgeNames({ propertyNames }: SchemaObject, value: Members, manner: Manner): boolean {
  if (!isSchema(propertyNames)) return true;
  const { judging, telling } = manner;
  let fits = true;
  for (const name of listNames(value, manner)) {
    const misfits = telling ? { path: "", misfits: [] as { path: string; message: string }[] } : undefined;
    if (judging.judge(propertyNames, name, { judging, telling: misfits, seen: undefined })) continue;
    fits = tell(manner, `the name ${code(name)} ${misfits?.misfits[0]?.message ?? "is not allowed"}`);
    if (!goesOn(manner)) return false;
  }
  return fits;
}

const dependencies = ["dependentRequired", "dependentSchemas", "dependencies"] as const;

/** What must be there, or fit, where some member is there. */
function judgeDependencies(schema: SchemaObject, value: Members, manner: Manner): boolean {
  let fits = true;
  for (const keyword of dependencies) {
    const map = schema[keyword];
    if (!isObject(map)) continue;
    for (const name of listNames(value, manner)) {
      const needed = Object.hasOwn(map, name) ? map[name] : undefined;
      spend(manner.judging.work, Array.isArray(needed) ? 1 + needed.length : 1);
      const missing = Array.isArray(needed) ? needed.map(String).filter((other) => !Object.hasOwn(value, other)) : [];
      for (const other of missing) fits = tell(manner, `${code(other)} is missing; ${code(name)} needs it`);
      if (isSchema(needed) && !judgeBeside(needed, value, manner)) fits = false;
      if (!fits && !goesOn(manner)) return false;
    }
  }
  return fits;
}

function judgeUnevaluated({ unevaluatedProperties }: SchemaObject, value: Members, manner: Manner): boolean {
  const { seen, judging, telling } = manner;
  if (!isSchema(unevaluatedProperties) || !seen) return true;
  // A way that does not fit looked at nothing: what it would have looked at is not to be told of.
  if (telling && telling.misfits.length > 0) return true;
  let fits = true;
  for (const [name, member] of Object.entries(value)) {
    spend(judging.work, perMember);
    if (seen.all || seen.names.has(name)) continue;
    if (unevaluatedProperties === false) fits = tell(manner, `${code(name)} is not allowed here`);
    else if (!judging.judge(unevaluatedProperties, member, goInto(manner, name))) fits = false;
    if (!fits && !goesOn(manner)) return false;
  }
  seen.all = true;
  return fits;
}
