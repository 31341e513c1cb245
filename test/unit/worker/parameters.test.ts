/** [DESC] The API's parameters: each is declared once, told as what it is, and read by the routes that describe it. */
import { HonoRequest } from "hono/request";
import { expect, test, vi } from "vitest";
import { type Json, postedEvent } from "../../../src/contract/event.ts";
import type { Parameter } from "../../../src/contract/http/parameter.ts";
import { cloudEventHeaders, headerParameters, pathParameters, queries } from "../../../src/contract/http/parameters.ts";
import { checkSchema, inspectSchema } from "../../../src/contract/json-schema/check-schema.ts";
import type { RouteDoc } from "../../../src/worker/describe/route-doc.ts";
import { routeDocs } from "../../../src/worker/describe/route-docs.ts";
import { openSqliteD1 } from "./sqlite-d1.ts";
import { adminToken, createTestApp } from "./test-app.ts";

/** Every parameter, under a name that says where it is declared. */
const declared: [place: string, parameter: Parameter][] = [
  ...Object.entries(pathParameters).map(([name, each]): [string, Parameter] => [`path ${name}`, each]),
  ...Object.entries(headerParameters).map(([name, each]): [string, Parameter] => [`header ${name}`, each]),
  ...Object.entries(cloudEventHeaders).map(([name, each]): [string, Parameter] => [`header ${name}`, each]),
  ...Object.entries(queries).flatMap(([query, { parameters }]) =>
    Object.entries<Parameter>(parameters).map(([name, each]): [string, Parameter] => [`${query}?${name}`, each]),
  ),
];

/** A value as it travels. */
const write = (value: Json): string => (Array.isArray(value) ? value.join(",") : String(value));

/** Texts of every kind. */
const texts = [
  "x",
  "-1",
  "0",
  "1.5",
  "7",
  "true",
  "a,,b",
  "my",
  "my,open",
  "any",
  "two words",
  "2026-13-45",
  "2026-11-20",
  "a".repeat(2_000),
];

test.each(declared)("[DESC1] %s says what it is, with an example that its route takes", (_, { description, example, type, schema }) => {
  expect(description).toMatch(/^.{10,}\.$/s);
  expect(inspectSchema(type)).toEqual([]);
  expect(checkSchema(type, example)).toEqual([]);
  expect(schema.safeParse(write(example)).success).toBe(true);
});

test.each(declared)("[DESC2] %s is typed as what it is: its type takes what its route takes", (_, { type, schema }) => {
  const read = (text: string): Json => {
    if (type["type"] === "integer") return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
    // `0` and `1` say no and yes as well.
    if (type["type"] === "boolean") return ["true", "0", "1"].includes(text) ? true : text;
    return type["type"] === "array" ? text.split(",") : text;
  };
  const takes = (text: string): [string, boolean] => [text, checkSchema(type, read(text)).length === 0];
  expect(texts.map((text) => [text, schema.safeParse(text).success])).toEqual(texts.map(takes));
});

/** Headers that HTTP, or what stands in front of the routes, gives a meaning on every route alike. */
const general = [
  "authorization",
  "cookie",
  "content-type",
  "content-length",
  "accept",
  "upgrade",
  "sec-websocket-protocol",
  "cf-connecting-ip",
  "origin",
  "sec-fetch-site",
];

/** What was read by name. */
interface Reading {
  query: Set<string>;
  headers: Set<string>;
}

/** Notes which parameters of queries are read, until mocks are restored. */
function watchQueries({ query: names }: Reading): void {
  const { query } = HonoRequest.prototype;
  const spy = vi.spyOn(HonoRequest.prototype, "query");
  spy.mockImplementation(function (this: HonoRequest, name?: string) {
    const all = query.call(this as never) as Record<string, string>;
    if (name !== undefined) {
      names.add(name);
      return all[name] as never;
    }
    return new Proxy(all, {
      get: (from, key) => {
        names.add(String(key));
        return Reflect.get(from, key);
      },
    }) as never;
  });
  const { get } = URLSearchParams.prototype;
  vi.spyOn(URLSearchParams.prototype, "get").mockImplementation(function (this: URLSearchParams, name: string) {
    names.add(name);
    return get.call(this, name);
  });
}

/** Notes which headers of a request are read. */
function watchHeaders({ headers }: Request, names: Set<string>): void {
  const { get, has } = Headers.prototype;
  headers.get = (name) => {
    names.add(name.toLowerCase());
    return get.call(headers, name);
  };
  headers.has = (name) => {
    names.add(name.toLowerCase());
    return has.call(headers, name);
  };
}

/** Calls a route with all that it describes and with nothing, as an operator, as an agent and as nobody; what it reads. */
async function readAll({ route, path = {}, query }: RouteDoc): Promise<Reading> {
  const reading: Reading = { query: new Set(), headers: new Set() };
  const [method = "", pattern = ""] = route.split(" ");
  const address = pattern.replaceAll(/:(\w+)/g, (_, name) => encodeURIComponent(write(path[name]?.example ?? "")));
  const search = new URLSearchParams(Object.entries(query?.parameters ?? {}).map(([name, { example }]) => [name, write(example)]));
  // What is read comes before what is done: nothing is asked of the bucket.
  const app = createTestApp(openSqliteD1(), { artifacts: { bucket: {} as R2Bucket, total: 0 } });
  const agent = await app.register("alice");
  await app.call("PUT", "/v1/workflows/code-review", { body: { name: "code-review" } });
  app.objects.threads.set(String(pathParameters.thread.example), ["alice"]);
  watchQueries(reading);
  for (const token of [adminToken, agent, undefined]) {
    for (const sent of [`?${search}`, ""]) {
      const request = new Request(`http://nerveflare.test${address}${sent}`, {
        method,
        headers: {
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...(pattern === "/v1/connect" && { upgrade: "websocket" }),
        },
        ...(["POST", "PUT", "PATCH"].includes(method) && { body: "{}" }),
      });
      watchHeaders(request, reading.headers);
      const response = await app.fetch(request);
      await response.body?.cancel();
    }
  }
  vi.restoreAllMocks();
  return reading;
}

test.each(routeDocs.map((doc) => [doc.route, doc] as const))(
  "[DESC3] %s reads what it describes, and describes what it reads",
  async (route, doc) => {
    const { path = {}, query, headers = {} } = doc;
    expect(Object.keys(path)).toEqual([...route.matchAll(/:(\w+)/g)].map(([, name]) => name));
    const reading = await readAll(doc);
    expect([...reading.query].toSorted()).toEqual(Object.keys(query?.parameters ?? {}).toSorted());
    const described = Object.keys(headers).map((name) => name.toLowerCase());
    // Those of an event in binary mode are gone through, see DESC5.
    const named = described.filter((name) => !name.startsWith("ce-") || name === "ce-specversion");
    expect([...reading.headers]).toEqual(expect.arrayContaining(named));
    expect([...reading.headers].filter((name) => !described.includes(name) && !general.includes(name))).toEqual([]);
  },
);

test("[DESC4] what a strict query does not describe is refused by name", async () => {
  const app = createTestApp(openSqliteD1());
  app.objects.threads.set(String(pathParameters.thread.example), []);
  const strict = routeDocs.filter(({ query, route }) => query && route.startsWith("GET") && !("client" in query.parameters));
  expect(strict.length).toBeGreaterThan(10);
  for (const { route, path = {} } of strict) {
    const address = route.split(" ")[1]?.replaceAll(/:(\w+)/g, (_, name) => write(path[name]?.example ?? ""));
    const { status, body } = await app.call("GET", `${address}?limitt=3`);
    expect([route, status, body.code], JSON.stringify(body)).toEqual([route, 400, "malformed"]);
    expect(body.detail).toContain("limitt");
  }
});

test("[DESC5] an event in binary mode is made of the headers that are described, and each is an attribute", async () => {
  const app = createTestApp(openSqliteD1());
  const token = await app.register("alice");
  const headers = Object.fromEntries(
    Object.entries(cloudEventHeaders).map(([name, { example }]) => [name, encodeURIComponent(write(example))]),
  );
  await app.call("POST", "/v1/events", { token, headers: { ...headers, "content-type": "application/json" }, body: { pr: 7 } });
  const attributes = Object.entries(cloudEventHeaders).map(([name, { example }]) => [name.slice("ce-".length), example]);
  const accepted = app.objects.calls.filter(({ method }) => method === "accept").map(({ args }) => args[1]);
  expect(accepted).toEqual([[{ ...Object.fromEntries(attributes), datacontenttype: "application/json", data: { pr: 7 } }]]);
  expect(Object.keys(postedEvent.shape).toSorted()).toEqual([...attributes.map(([name]) => name), "data", "datacontenttype"].toSorted());
});
