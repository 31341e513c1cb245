/** Types as tests leave them: what is left of a type where a test of its value, or of a field in it, held or failed. */
import type { Json } from "../../contract/event.ts";
import { engineOutput } from "./engine-types.ts";
import type { Range } from "./range.ts";
import {
  bound,
  type Fields,
  isNothing,
  join,
  kindOf,
  meet,
  nothing,
  ofConstants,
  type ScalarKind,
  type Type,
  unknown,
  withAbsence,
} from "./type.ts";

/** What a test says of a value. */
export interface Refinement {
  refine(type: Type): Type;
  /** The value must be there, and so must all that lead to it. */
  present: boolean;
}

/** The type of something whose value at the path is as the refinement says. */
export function refineAt(type: Type, [name, ...rest]: readonly string[], refinement: Refinement): Type {
  if (name === undefined) return refinement.present ? withAbsence(refinement.refine(type), false) : refinement.refine(type);
  if (type.lists.length > 0) return type;
  if (type.any) {
    if (!refinement.present) return type;
    const at = refineAt(unknown, rest, refinement);
    return at === unknown ? type : { ...nothing, objects: [override(free, name, at)] };
  }
  const isNamed = type.objects.some(({ names }) => names.includes(name));
  const objects = type.objects.flatMap((fields) => {
    if (!fields.names.includes(name)) {
      const cannot = refinement.present && isNamed && (fields.others === "closed" || fields.others === "listed");
      return cannot ? [] : [fields];
    }
    const before = fields.get(name);
    const at = refineAt(before, rest, refinement);
    if (at === before) return [fields];
    return isNothing(at) && !isNothing(before) ? [] : [override(fields, name, at)];
  });
  // Tests that contradict one another say nothing; what the engine says in an agent's place is no answer.
  const isEngine = ({ label }: Fields): boolean => engineOutput.objects.some((engine) => engine.label === label);
  if (objects.every(isEngine) && !type.objects.every(isEngine)) return type;
  const isSame = objects.length === type.objects.length && objects.every((fields, place) => fields === type.objects[place]);
  if (!refinement.present) return isSame ? type : { ...type, objects };
  return isSame && !type.absent && type.scalars.size === 0 ? type : withAbsence({ ...type, scalars: new Map(), objects }, false);
}

const free: Fields = { label: "the value", names: [], must: [], get: () => unknown, others: "free" };

function override(fields: Fields, name: string, type: Type): Fields {
  const names = fields.names.includes(name) ? fields.names : [...fields.names, name];
  return { ...fields, names, get: (other) => (other === name ? type : fields.get(other)) };
}

/** It is one of these. */
export function isOneOf(values: readonly Json[]): Refinement {
  const these = ofConstants(values);
  return { present: true, refine: (type) => (type.lists.length > 0 ? type : meet(type, these)) };
}

/** It is this, or absent. */
export function isAtMost(value: Json): Refinement {
  const { refine } = isOneOf([value]);
  return { present: false, refine: (type) => withAbsence(refine(type), type.absent === true) };
}

/** It is none of these. */
export function isNoneOf(values: readonly Json[], present: boolean): Refinement {
  return { present, refine: (type) => values.reduce(without, type) };
}

/** Where it is a number, it is one of these. */
export function isBounded(range: Range, present: boolean): Refinement {
  return { present, refine: (type) => (type.lists.length > 0 ? type : bound(type, { range })) };
}

/** It counts as true. */
export const isTrue: Refinement = {
  present: true,
  refine: (type) => [false, null, "", 0].reduce(without, type),
};

/** It counts as false, or is absent. */
export const isFalse: Refinement = { present: false, refine: keepFalse };

/** It is there, and neither false nor null: what Liquid takes for true. */
export const isThereAndTrue: Refinement = { present: true, refine: (type) => [false, null].reduce(without, type) };

/** It is false, null or absent: what Liquid takes for false. */
export const isAbsentOrFalse: Refinement = {
  present: false,
  refine: (type) => (type.any ? type : withAbsence(meet(type, ofConstants([false, null])), type.absent === true)),
};

/** It is there. */
export const isThere: Refinement = { present: true, refine: (type) => type };

/** It is of one of the kinds that JSONata's `$type` names. */
export function isOfKind(name: string): Refinement {
  return {
    present: true,
    refine(type) {
      if (type.any) return unknown;
      return {
        scalars: new Map([...type.scalars].filter(([kind]) => kind === name)),
        objects: name === "object" ? type.objects : [],
        lists: name === "array" ? type.lists : [],
      };
    },
  };
}

/** What one of two ways says. */
export function either(one: Refinement, other: Refinement): Refinement {
  return { present: one.present && other.present, refine: (type) => join([one.refine(type), other.refine(type)]) };
}

function without(type: Type, value: Json): Type {
  const kind = kindOf(value);
  if (type.any || kind === undefined || !type.scalars.has(kind)) return type;
  const constants = kind === "boolean" ? (type.scalars.get(kind) ?? new Set<Json>([true, false])) : type.scalars.get(kind);
  const isNull = kind === "null";
  if (!isNull && !constants?.has(value)) return type;
  const left = new Set(isNull ? [] : [...(constants ?? [])].filter((each) => each !== value));
  const scalars = new Map(type.scalars);
  if (left.size === 0) scalars.delete(kind);
  else scalars.set(kind, left);
  return { ...type, scalars };
}

const falsy: Readonly<Record<ScalarKind, Json>> = { string: "", number: 0, boolean: false, null: null };

function keepFalse(type: Type): Type {
  if (type.any) return type;
  const scalars = new Map<ScalarKind, ReadonlySet<Json> | undefined>();
  for (const [kind, constants] of type.scalars)
    if (kind === "null" || !constants || constants.has(falsy[kind]))
      scalars.set(kind, kind === "null" ? constants : new Set([falsy[kind]]));
  return { ...type, scalars };
}
