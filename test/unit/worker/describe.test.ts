/** The API's own description: complete, of the routes' own schemas, and what the formats' own parsers call right. */
import { Parser } from "@asyncapi/parser";
import { validate } from "@readme/openapi-parser";
import { expect, test } from "vitest";
import { buildAsyncapi } from "../../../src/worker/describe/build-asyncapi.ts";
import { buildOpenapi } from "../../../src/worker/describe/build-openapi.ts";
import { routeDocs } from "../../../src/worker/describe/route-docs.ts";
import { openSqliteD1 } from "./sqlite-d1.ts";
import { createTestApp } from "./test-app.ts";

const app = createTestApp(openSqliteD1());

test("[API18] every route is described, and nothing else: a new one says its own in the list beside it, e.g. threadDocs of routes/threads.ts", () => {
  const described = routeDocs.map(({ route }) => route);
  expect(described.toSorted()).toEqual([...app.routes()].toSorted());
  expect(new Set(described).size).toBe(described.length);
});

test("[API18] the OpenAPI document is one", async () => {
  const { body } = await app.call("GET", "/v1/openapi.json", { token: null });
  expect(await validate(structuredClone(body))).toEqual({ valid: true, warnings: [], specification: "OpenAPI" });
});

test("[API18] the OpenAPI document has the routes' own schemas, limits and all", () => {
  const { paths } = buildOpenapi(routeDocs, "0") as unknown as { paths: Record<string, Record<string, { parameters: unknown[] }>> };
  const list = paths["/v1/threads"]?.["get"]?.parameters;
  const status = { name: "status", in: "query", schema: { type: "string", enum: expect.arrayContaining(["recruiting"]) } };
  expect(list).toContainEqual(expect.objectContaining(status));
  expect(paths["/v1/threads/{id}"]?.["get"]?.parameters).toMatchObject([
    { name: "id", in: "path", required: true, schema: { type: "string" } },
  ]);
});

test("[API18] whatever is referred to by name in the documents is there, and says what it is", () => {
  for (const document of [buildOpenapi(routeDocs, "0"), buildAsyncapi("0")]) {
    const { schemas } = document.components as { schemas: { [name: string]: { [keyword: string]: unknown } } };
    for (const [name, schema] of Object.entries(schemas))
      expect([name, Object.keys(schema)], name).toEqual([name, expect.not.arrayContaining(["$ref"])]);
    const referred = [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name);
    expect(referred.length).toBeGreaterThan(20);
    expect(Object.keys(schemas)).toEqual(expect.arrayContaining([...new Set(referred)]));
  }
});

test("[KEY6] every order of an operator to a thread, a workflow or a dead letter takes an Idempotency-Key, and says so", () => {
  const { paths } = buildOpenapi(routeDocs, "0") as unknown as { paths: Record<string, { post?: { parameters: { name: string }[] } }> };
  const keyed = Object.keys(paths).filter((path) => paths[path]?.post?.parameters.some(({ name }) => name === "Idempotency-Key"));
  const orders = ["cancel", "suspend", "resume", "restart", "fork", "roles/{role}"].map((order) => `/v1/threads/{id}/${order}`);
  expect(keyed.toSorted()).toEqual(
    [
      ...orders,
      ...["pause", "unpause"].map((order) => `/v1/workflows/{name}/${order}`),
      ...["dead-letters", "parked"].flatMap((name) => ["{id}/retry", "{id}/drop", "retry"].map((order) => `/v1/${name}/${order}`)),
    ].toSorted(),
  );
});

test("[API18] the AsyncAPI document is one", async () => {
  const { body } = await app.call("GET", "/v1/asyncapi.json", { token: null });
  const { document, diagnostics } = await new Parser().parse(JSON.stringify(body));
  // Severity 0 and 1: an error or a warning; the one hint is that there is a newer version of the format.
  expect(diagnostics.filter(({ severity }) => severity < 2)).toEqual([]);
  expect(document?.operations().map((operation) => operation.id())).toEqual(["send", "give", "open", "stream"]);
});

test("[API19] /docs shows every path and message by itself: no script, nothing that is loaded from elsewhere", async () => {
  const response = await app.call("GET", "/docs", { token: null });
  expect(response.headers.get("content-type")).toMatch("text/html");
  expect(response.headers.get("content-security-policy")).toMatch("default-src 'none'");
  const page = response.body as string;
  for (const { route } of routeDocs) expect(page).toContain(route.split(" ")[1]?.replaceAll(/:(\w+)/g, "{$1}"));
  for (const { title } of Object.values(buildAsyncapi("0").components.messages)) expect(page).toContain(title);
  expect(page).not.toMatch(/<script|<link|<img|src=|url\(|https?:\/\/(?!nerveflare\.dev)/i);
});
