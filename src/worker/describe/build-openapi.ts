/** OpenAPI 3.1 of the HTTP API, out of the routes' own schemas. Pure: the same routes give the same document. */
import type { Json } from "../../contract/event.ts";
import type { ParameterMap } from "../../contract/http/parameter.ts";
import { problemView } from "../../contract/problem-meanings.ts";
import type { Callers, RouteDoc } from "./route-doc.ts";
import { type SchemaObject, toJsonSchema } from "./to-json-schema.ts";

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
  [member: string]: unknown;
}

/** @param version of the package */
export function buildOpenapi(routes: RouteDoc[], version: string): OpenApi {
  const paths: OpenApi["paths"] = {};
  for (const doc of routes) {
    const [method = "", pattern = ""] = doc.route.split(" ");
    const path = pattern.replaceAll(/:(\w+)/g, "{$1}");
    paths[path] = { ...paths[path], [method.toLowerCase()]: describeOperation(doc, method, pattern) };
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
      schemas: { Problem: toJsonSchema(problemView, "output") },
      responses: {
        Problem: {
          description: "A problem (RFC 9457); `code` says which, `retryable` whether to send the same again.",
          content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
        },
      },
    },
  };
}

function describeOperation(doc: RouteDoc, method: string, pattern: string): SchemaObject {
  const { tag, summary, callers, body, answers, deprecated } = doc;
  return {
    operationId: nameOperation(method, pattern),
    tags: [tag],
    summary,
    description: callerTexts[callers],
    ...(deprecated && { deprecated }),
    ...(callers === "anybody" && { security: [] }),
    parameters: [
      ...describeParameters("path", doc.path),
      ...describeParameters("query", doc.query?.parameters),
      ...describeParameters("header", doc.headers),
    ],
    ...(body && { requestBody: describeBody(body) }),
    responses: {
      ...Object.fromEntries(Object.entries(answers).map(([status, answer]) => [status, describeAnswer(answer)])),
      default: { $ref: "#/components/responses/Problem" },
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

function describeBody({ schema, types = ["application/json"], required = true }: NonNullable<RouteDoc["body"]>): SchemaObject {
  const described: Json = schema ? toJsonSchema(schema) : { type: "string" };
  return { required, content: Object.fromEntries(types.map((type) => [type, { schema: described }])) };
}

function describeAnswer({ description, schema, type }: RouteDoc["answers"][number]): SchemaObject {
  if (schema) return { description, content: { "application/json": { schema: toJsonSchema(schema, "output") } } };
  return type === undefined ? { description } : { description, content: { [type]: { schema: { type: "string" } } } };
}
