/**
 * Whether what the server sends is what the contract declares: it parses, and no member is sent that is not declared. Called by the
 * suites' own hands (`call` of the workerd stage, of the test app): whatever their tests ask for is checked along the way.
 */
import type { z } from "zod";
import { agentKinds } from "../src/contract/kinds/agent-kinds.ts";
import { engineKinds } from "../src/contract/kinds/engine-kinds.ts";
import { problemView } from "../src/contract/problem-meanings.ts";
import { routeDocs } from "../src/worker/describe/route-docs.ts";

type Def = {
  type: string;
  shape?: Record<string, z.ZodType>;
  catchall?: z.ZodType;
  element?: z.ZodType;
  innerType?: z.ZodType;
  valueType?: z.ZodType;
  options?: z.ZodType[];
  out?: z.ZodType;
};

/** Members of a value that its schema does not declare, as paths. What may hold anything declares all that is in it. */
export function findUndeclared(schema: z.ZodType, value: unknown, path = ""): string[] {
  const { type, shape = {}, catchall, element, innerType, valueType, options, out } = schema._zod.def as unknown as Def;
  if (value === null || typeof value !== "object") return [];
  const below = (inner: z.ZodType, key: string | number) =>
    findUndeclared(inner, (value as Record<string, unknown>)[key], `${path}/${key}`);
  if (type === "object") {
    const catches = (catchall?._zod.def as Def | undefined)?.type;
    return Object.keys(value).flatMap((key) => {
      const own = shape[key];
      if (own) return below(own, key);
      return catches === undefined || catches === "unknown" || catches === "never" ? [`${path}/${key}`] : [];
    });
  }
  if (type === "array" && element && Array.isArray(value)) return value.flatMap((_, index) => below(element, index));
  if (type === "record" && valueType) return Object.keys(value).flatMap((key) => below(valueType, key));
  if (type === "union" && options) {
    const found = options.filter((option) => option.safeParse(value).success).map((option) => findUndeclared(option, value, path));
    return found.toSorted((a, b) => a.length - b.length)[0] ?? [];
  }
  const inner = innerType ?? (type === "pipe" ? out : undefined);
  return inner ? findUndeclared(inner, value, path) : [];
}

/** All that is wrong with a value: where it does not parse, and what is not declared. */
export function findFaults(schema: z.ZodType, value: unknown): string[] {
  const parsed = schema.safeParse(value);
  if (!parsed.success) return parsed.error.issues.map(({ path, message }) => `/${path.join("/")}: ${message}`);
  return findUndeclared(schema, value).map((path) => `${path}: sent, and not declared`);
}

/** The same of the data of every event of the orchestrator's in it, wherever it stands. */
export function findKindFaults(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  const { type, source, specversion, data } = value as { type?: unknown; source?: unknown; specversion?: unknown; data?: unknown };
  const own = typeof type === "string" && typeof source === "string" && specversion === "1.0" && type.startsWith("nerve.");
  const inside = Object.values(value).flatMap(findKindFaults);
  if (!own || Object.hasOwn(agentKinds, type)) return inside;
  if (!Object.hasOwn(engineKinds, type)) return [`${type}: an undeclared kind`, ...inside];
  const { data: given, ...row } = engineKinds[type as keyof typeof engineKinds];
  const ways = [given, ...("logged" in row ? [row.logged] : [])].map((schema) => findFaults(schema, data));
  return [...(ways.toSorted((a, b) => a.length - b.length)[0] ?? []).map((fault) => `data of ${type}: ${fault}`), ...inside];
}

const patterns = routeDocs.map(({ route, answers }) => {
  const [method, pattern = ""] = route.split(" ");
  return { route, method, answers, names: new RegExp(`^${pattern.replaceAll(".", "\\.").replaceAll(/:\w+/g, "[^/]+")}$`) };
});

/** What is wrong with an answer in JSON. @param type the media type, where it may be another than `application/json` */
export function findAnswerFaults(method: string, url: string, status: number, body: unknown, type = ""): string[] {
  if (method === "HEAD") return [];
  const path = url.replace(/\?.*/s, "");
  // The first that fits, as for the server: `/v1/events/archive` stands before `/v1/events/:id`.
  const doc = patterns.find((each) => each.method === method && each.names.test(path));
  if (!doc) return status < 400 ? [`${method} ${path}: no such route is described`] : [];
  const declared = doc.answers[status];
  const schema = declared?.also?.[type] ?? (status < 400 || declared?.schema ? declared?.schema : problemView);
  if (!declared && status < 400) return [`${doc.route}: ${status} is not described`];
  if (!schema) return body === null || body === "" ? [] : [`${doc.route} ${status}: a body that is not described`];
  return [...findFaults(schema, body), ...findKindFaults(body)].map((fault) => `${doc.route} ${status}: ${fault}`);
}
