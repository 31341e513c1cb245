/**
 * Parses by a schema what is right in a fraction of the time that zod takes, which makes objects and lists of issues for each member. A
 * schema stays the one truth: the parser is made of it, knows its plain parts, and where it is not sure that a value is right zod judges
 * the whole of it, and says why it is not.
 */
import type * as z from "zod";

/** Of a value that zod must judge. */
const unsure = Symbol("unsure");

/** @returns the parsed value, or {@link unsure} */
type Parse = (value: unknown) => unknown;
type IsRight = (value: unknown) => boolean;
type AnySchema = z.core.$ZodType;

/** @returns answers as the schema's `safeParse` does; what comes back may share members with what was given */
export function createQuickParser<Schema extends z.ZodType>(schema: Schema): (value: unknown) => z.ZodSafeParseResult<z.output<Schema>> {
  let parse: Parse | undefined;
  return (value) => {
    parse ??= compile(schema);
    const data = parse(value);
    return data === unsure ? schema.safeParse(value) : { success: true, data: data as z.output<Schema> };
  };
}

function compile(schema: AnySchema): Parse {
  const parse = compileType(schema);
  if (!parse) return askZod(schema);
  const { def, traits } = schema._zod;
  const own = traits.has("$ZodCheck") ? [schema as AnySchema & z.core.$ZodCheck] : [];
  const checks = [...own, ...(def.checks ?? [])].map(compileCheck);
  const [first, second] = checks;
  if (!first) return parse;
  if (!second) {
    return (value) => {
      const parsed = parse(value);
      return parsed === unsure || !first(parsed) ? unsure : parsed;
    };
  }
  return (value) => {
    const parsed = parse(value);
    if (parsed === unsure) return unsure;
    for (const check of checks) if (!check(parsed)) return unsure;
    return parsed;
  };
}

/** Parts that are rare, or whose rules are not plain. */
function askZod(schema: AnySchema): Parse {
  return (value) => {
    const result = schema._zod.run({ value, issues: [] }, { async: false });
    return result instanceof Promise || result.issues.length > 0 ? unsure : result.value;
  };
}

/** Undefined: zod knows. */
function compileType(schema: AnySchema): Parse | undefined {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  switch (def.type) {
    case "string":
      return def.coerce ? undefined : (value) => (typeof value === "string" ? value : unsure);
    case "number":
      return def.coerce ? undefined : (value) => (typeof value === "number" && Number.isFinite(value) ? value : unsure);
    case "boolean":
      return def.coerce ? undefined : (value) => (typeof value === "boolean" ? value : unsure);
    case "literal":
    case "enum": {
      const { values } = schema._zod;
      return values && ((value) => (values.has(value as z.core.util.Primitive) ? value : unsure));
    }
    case "any":
    case "unknown":
    case "custom":
      return (value) => value;
    case "nullable":
      return orElse(null, def.innerType);
    case "optional":
      // A default inside one is rare.
      return schema._zod.traits.has("$ZodExactOptional") || def.innerType._zod.optin ? undefined : orElse(undefined, def.innerType);
    case "default":
      return compileDefault(def);
    case "array":
      return compileArray(def);
    case "record":
      return compileRecord(def);
    case "object":
      return compileObject(def);
    case "union":
      return ["$ZodXor", "$ZodDiscriminatedUnion"].some((trait) => schema._zod.traits.has(trait)) ? undefined : compileUnion(def);
    default:
      return undefined;
  }
}

function orElse(empty: null | undefined, inner: AnySchema): Parse {
  const parse = compile(inner);
  return (value) => (value === empty ? value : parse(value));
}

function compileDefault(def: z.core.$ZodDefaultDef): Parse {
  const parse = compile(def.innerType);
  return (value) => (value === undefined ? def.defaultValue : parse(value));
}

function compileArray({ element }: z.core.$ZodArrayDef): Parse {
  const parse = compile(element);
  return (value) => {
    if (!Array.isArray(value)) return unsure;
    const parsed: unknown[] = [];
    for (let at = 0; at < value.length; at++) {
      const each = parse(value[at]);
      if (each === unsure) return unsure;
      parsed.push(each);
    }
    return parsed;
  };
}

function compileUnion({ options }: z.core.$ZodUnionDef): Parse {
  const compiled = options.map((option) => ({ type: option._zod.def.type, parse: compile(option) }));
  return (value) => {
    for (const { type, parse } of compiled) {
      // One that may take it stands before the others.
      const isOther = (type === "string" || type === "number" || type === "boolean") && typeof value !== type;
      if (!isOther) return parse(value);
    }
    return unsure;
  };
}

interface Members {
  [name: string]: unknown;
}

/** What `JSON.parse` makes of an object, and nothing that has a member which would set what it inherits from. */
function isPlain(value: unknown): value is Members {
  return (
    typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype && !Object.hasOwn(value, "__proto__")
  );
}

function compileRecord({ keyType, valueType, partial, mode }: z.core.$ZodRecordDef): Parse | undefined {
  const anyName = keyType._zod.def.type === "string" && !keyType._zod.def.checks?.length && !keyType._zod.traits.has("$ZodCheck");
  if (!anyName || partial || mode === "loose") return undefined;
  const parse = compile(valueType);
  return (value) => {
    if (!isPlain(value)) return unsure;
    // As it came, where no member changes.
    for (const name in value) if (value[name] === undefined || parse(value[name]) !== value[name]) return unsure;
    return value;
  };
}

interface Field {
  name: string;
  parse: Parse;
  /** What is there if the member is not: `skip`: nothing. */
  absent: "refuse" | "skip" | "parse";
}

function compileObject({ shape, catchall }: z.core.$ZodObjectDef): Parse | undefined {
  const fields: Field[] = [];
  for (const name of Object.keys(shape)) {
    const { optin, optout } = (shape[name] as AnySchema)._zod;
    const absent = optin === undefined ? "refuse" : optin === "optional" && optout === "optional" ? "skip" : "parse";
    if (name === "__proto__" || (absent === "parse" && (optin !== "defaulted" || optout !== undefined))) return undefined;
    fields.push({ name, parse: compile(shape[name] as AnySchema), absent });
  }
  const names = new Set(Object.keys(shape));
  const rest = catchall && compile(catchall);
  return (value) => {
    if (!isPlain(value)) return unsure;
    const parsed: Members = {};
    for (let at = 0; at < fields.length; at++) {
      const { name, parse, absent } = fields[at] as Field;
      const given = value[name];
      if (given === undefined && (absent === "refuse" || name in value)) return unsure;
      if (given === undefined && absent === "skip") continue;
      const member = parse(given);
      if (member === unsure || member === undefined) return unsure;
      parsed[name] = member;
    }
    return rest ? addRest(parsed, value, names, rest) : parsed;
  };
}

/** Adds the members that the schema does not name. */
function addRest(parsed: Members, value: Members, names: ReadonlySet<string>, rest: Parse): unknown {
  for (const name in value) {
    if (names.has(name)) continue;
    const member = rest(value[name]);
    if (member === unsure || member === undefined) return unsure;
    parsed[name] = member;
  }
  return parsed;
}

/** @returns whether a value passes for sure */
function compileCheck(check: z.core.$ZodCheck<never>): IsRight {
  const { def } = (check as z.core.$ZodChecks)._zod;
  switch (def.check) {
    case "max_length": {
      const { maximum } = def;
      return (value) => (value as string | unknown[]).length <= maximum;
    }
    case "min_length": {
      // Characters are counted, of which one may take two units.
      const units = def.minimum <= 1 ? def.minimum : 2 * def.minimum;
      return (value) => (value as string | unknown[]).length >= units;
    }
    case "string_format": {
      const { pattern } = def;
      if (def.format !== "regex" || !pattern || pattern.global || pattern.sticky) break;
      return (value) => pattern.test(value as string);
    }
    case "number_format":
      if (def.format === "safeint") return Number.isSafeInteger;
      if (def.format === "int32") return (value) => ((value as number) | 0) === value;
      break;
    default:
  }
  return runCheck(check);
}

/** As zod runs it. */
function runCheck(check: z.core.$ZodCheck<never>): IsRight {
  const { def } = check._zod;
  return (value) => {
    const payload: z.core.ParsePayload = { value, issues: [] };
    if (def.when && !def.when(payload)) return true;
    const awaited = check._zod.check(payload as z.core.ParsePayload<never>);
    return !(awaited instanceof Promise) && payload.issues.length === 0 && payload.value === value;
  };
}
