/** OpenAPI 3.1 of the HTTP API, out of the routes' own schemas. Pure: the same routes give the same document. */
import type { Json } from "../../contract/event.ts";
import type { ParameterMap } from "../../contract/http/parameter.ts";
import type { ProblemCode } from "../../contract/problem.ts";
import { problemMeanings } from "../../contract/problem-meanings.ts";
import { listProblems } from "./list-problems.ts";
import { createNamedWriter } from "./named-schemas.ts";
import type { Callers, RouteDoc } from "./route-doc.ts";
import { referTo, type SchemaObject, type SchemaWriter } from "./to-json-schema.ts";

const callerTexts: Record<Callers, string> = {
  anybody: "No token is asked for.",
  everyone: "For every token's holder.",
  operators: "For operators; a read-only token will do.",
  admins: "For operators whose token may change things.",
};

/** The document. */
export interface OpenApi {
  openapi: string;
  paths: { [path: string]: { [method: string]: SchemaObject } };
  components: { schemas: { [name: string]: SchemaObject } } & SchemaObject;
  [member: string]: unknown;
}

/** What the document's operations share. */
interface Parts {
  writer: SchemaWriter;
  /** Refers to the answer that a route gives with one of these codes. */
  refuse(codes: ProblemCode[]): SchemaObject;
}

/** @param version of the package */
export function buildOpenapi(routes: RouteDoc[], version: string): OpenApi {
  const paths: OpenApi["paths"] = {};
  const writer = createNamedWriter();
  /** Answers that many routes share, by their names. */
  const refusals = new Map<string, SchemaObject>();
  const refuse: Parts["refuse"] = (codes) => {
    const name = nameRefusal(codes);
    refusals.set(name, describeRefusal(codes));
    return { $ref: `#/components/responses/${name}` };
  };
  for (const doc of routes) {
    const [method = "", pattern = ""] = doc.route.split(" ");
    const path = pattern.replaceAll(/:(\w+)/g, "{$1}");
    paths[path] = { ...paths[path], [method.toLowerCase()]: describeOperation(doc, { writer, refuse }) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "nerveflare",
      version,
      description: "Lets agents on many machines work together. What goes over sockets and event streams is in /v1/asyncapi.json.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/" }],
    security: [{ token: [] }],
    tags: [...new Set(routes.map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: { token: { type: "http", scheme: "bearer", description: "An agent's token, or an operator's." } },
      schemas: writer.components(),
      responses: Object.fromEntries(refusals),
    },
  };
}

function describeOperation(doc: RouteDoc, { writer, refuse }: Parts): SchemaObject {
  const [method = "", pattern = ""] = doc.route.split(" ");
  const { tag, summary, callers, body, answers, deprecated } = doc;
  return {
    operationId: nameOperation(method, pattern),
    tags: [tag],
    summary,
    description: callerTexts[callers],
    ...(deprecated && { deprecated }),
    ...(callers === "anybody" && { security: [] }),
    // A ticket stands for the token.
    ...(doc.query && "ticket" in doc.query.parameters && { security: [{ token: [] }, {}] }),
    parameters: [
      ...describeParameters("path", doc.path),
      ...describeParameters("query", doc.query?.parameters),
      ...describeParameters("header", doc.headers),
    ],
    ...(body && { requestBody: describeBody(writer, body) }),
    responses: {
      ...Object.fromEntries(Object.entries(answers).map(([status, answer]) => [status, describeAnswer(writer, answer)])),
      ...Object.fromEntries(
        [...listProblems(doc)].filter(([status]) => !(status in answers)).map(([status, codes]) => [status, refuse(codes)]),
      ),
    },
  };
}

/** `GET /v1/threads/:id/messages` → `getThreadsIdMessages`. */
function nameOperation(method: string, pattern: string): string {
  const words = pattern.replace(/^\/v1/, "").split(/[^A-Za-z0-9]+/);
  return method.toLowerCase() + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
}

function describeParameters(place: "path" | "query" | "header", parameters: ParameterMap = {}): SchemaObject[] {
  return Object.entries(parameters).map(([name, { required, description, type, example }]) => ({
    name,
    in: place,
    ...(required && { required: true }),
    description,
    // With commas between: what the routes read, and what generators make of it.
    ...(type["type"] === "array" && { style: "form", explode: false }),
    schema: type,
    example,
  }));
}

function describeBody(
  writer: SchemaWriter,
  { schema, types = ["application/json"], required = true }: NonNullable<RouteDoc["body"]>,
): SchemaObject {
  const described: Json = schema ? writer.write(schema) : { type: "string" };
  return { required, content: Object.fromEntries(types.map((type) => [type, { schema: described }])) };
}

function describeAnswer({ write }: SchemaWriter, { description, schema, type, also = {} }: RouteDoc["answers"][number]): SchemaObject {
  const contents: [type: string, schema: SchemaObject][] = [
    ...(schema ? [["application/json", write(schema, "output")] as [string, SchemaObject]] : []),
    ...(type === undefined ? [] : [[type, { type: "string" }] as [string, SchemaObject]]),
    ...Object.entries(also).map(([other, each]): [string, SchemaObject] => [other, each ? write(each, "output") : { type: "string" }]),
  ];
  if (contents.length === 0) return { description };
  return { description, content: Object.fromEntries(contents.map(([each, written]) => [each, { schema: written }])) };
}

/** What a route refuses with, at one status. */
function describeRefusal(codes: ProblemCode[]): SchemaObject {
  return {
    description: codes.map((code) => `\`${code}\`: ${problemMeanings[code].meaning}`).join(" "),
    content: { "application/problem+json": { schema: referTo("Problem") } },
  };
}

/** `[stale_lease, turn_over]` → `StaleLeaseOrTurnOver`. */
function nameRefusal(codes: ProblemCode[]): string {
  return codes
    .map((code) =>
      code
        .split("_")
        .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
        .join(""),
    )
    .join("Or");
}
