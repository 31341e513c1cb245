/** [DESC] Clients and types that others make of the OpenAPI document: they complete a review, and fit what is really sent. */

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { cp, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test, vi } from "vitest";
import type { CloudEvent, Json } from "../../src/contract/event.ts";
import { checkSchema } from "../../src/contract/json-schema/check-schema.ts";
import type { OpenApi } from "../../src/worker/describe/build-openapi.ts";
import { type Sample, tour } from "../clients/tour.ts";
import { createOperator, type Facts } from "./operator.ts";
import { makeDataFolder, startTestServer } from "./server-process.ts";

const run = promisify(execFile);
const root = join(import.meta.dirname, "../..");

/** As the Worker serves it. */
const openapi = JSON.parse(readFileSync(join(root, "schemas/openapi.json"), "utf8")) as OpenApi;
const { schemas } = openapi.components;

interface Operation {
  operationId: string;
  responses: { [status: string]: { content?: { [type: string]: { schema: Json } } } };
}

function findOperation(route: string): { method: string; path: string } & Operation {
  const [method = "", path = ""] = route.split(" ");
  const lower = method.toLowerCase();
  return { method: lower, path, ...(openapi.paths[path]?.[lower] as object as Operation) };
}

/** As strict as our own code, without what is ours. */
const compilerOptions = {
  ...{ target: "es2024", lib: ["es2024", "dom", "dom.iterable"], module: "esnext", moduleResolution: "bundler", types: ["node"] },
  ...{ strict: true, noUncheckedIndexedAccess: true, allowImportingTsExtensions: true, skipLibCheck: true, noEmit: true },
};

/** A folder with the agents of test/clients/agents and what they are made of. */
async function generateClients(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "nerveflare-clients-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await cp(join(root, "test/clients/agents"), folder, { recursive: true });
  await symlink(join(root, "node_modules"), join(folder, "node_modules"));
  await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts", "hey/**/*.ts"] }));
  await run(process.execPath, [join(root, "test/clients/generate.ts"), join(root, "schemas/openapi.json"), folder]);
  return folder;
}

/** Runs an agent until it ends by itself; the events that it was given. */
function runAgent(folder: string, program: string, { url }: Facts, token: string): Promise<CloudEvent[]> {
  const env = { ...process.env, NERVEFLARE_URL: url, NERVEFLARE_TOKEN: token };
  const child: ChildProcess = spawn(process.execPath, [join(folder, program)], { env, stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  let said = "";
  child.stdout?.on("data", (bytes: Buffer) => {
    said += bytes;
  });
  return new Promise((resolve, reject) => {
    child.once("close", (code) => {
      if (code !== 0) return reject(new Error(`${program} ended with ${code}`));
      resolve(
        said
          .trimEnd()
          .split("\n")
          .map((line) => JSON.parse(line) as CloudEvent),
      );
    });
  });
}

/** `nerve.turn.assigned` → `TurnAssignedEvent`, where the document has one. */
function nameEventType(type: string): string {
  const [first, ...words] = type.split(".");
  const name = `${words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("")}Event`;
  return first === "nerve" && name in schemas ? name : "Event";
}

/** A module in which each sample is of its type, alone and with members that nobody knows, and in which wrong ones are not. */
function writeSamples(kind: "hey" | "schema", samples: Sample[], events: CloudEvent[]): string {
  const named = (name: string): string => (kind === "hey" ? `hey.${name}` : `components["schemas"]["${name}"]`);
  const answer = ({ route, status }: Sample): string => {
    const { method, path, operationId, responses } = findOperation(route);
    expect(Object.keys(responses), `${route} answered ${status}`).toContain(String(status));
    const title = operationId.charAt(0).toUpperCase() + operationId.slice(1);
    if (kind === "hey") return `hey.${title}${status < 400 ? "Responses" : "Errors"}[${status}]`;
    const media = status < 400 ? "application/json" : "application/problem+json";
    return `paths["${path}"]["${method}"]["responses"][${status}]["content"]["${media}"]`;
  };
  const strange = { strangeMember: { deep: [1, null] } };
  const widen = (body: unknown): unknown => (Array.isArray(body) ? body : { ...(body as object), ...strange });
  const typed: [type: string, value: unknown][] = [
    ...samples.flatMap((sample): [string, unknown][] => [
      [answer(sample), sample.body],
      [answer(sample), widen(sample.body)],
    ]),
    ...events.flatMap((event): [string, unknown][] => [
      [named(nameEventType(event.type)), event],
      [named("Event"), { ...event, strangeattribute: 7 }],
      [named(nameEventType(event.type)), { ...event, data: { ...(event.data as object), ...strange } }],
    ]),
  ];
  const assigned = events.find(({ type }) => type === "nerve.turn.assigned");
  const wrong: [type: string, value: unknown][] = [
    [named("TurnAssignedEvent"), { ...assigned, data: { ...(assigned?.data as object), turn: 7 } }],
    [named("TurnAssignedEvent"), { ...assigned, data: { ...(assigned?.data as object), lease: { generation: "1", expires: null } } }],
    [named("Problem"), { code: "no_such_code" }],
    [named("PostedEvent"), { id: "x" }],
  ];
  return [
    kind === "hey" ? `import type * as hey from "./hey/types.gen.ts";` : `import type { components, paths } from "./schema.ts";`,
    ...typed.map(([type, value], index) => `export const s${index}: ${type} = ${JSON.stringify(value)};`),
    ...wrong.flatMap(([type, value], index) => ["// @ts-expect-error", `export const w${index}: ${type} = ${JSON.stringify(value)};`]),
  ].join("\n");
}

test("[DESC8] clients made by two generators complete a review, and their types take every event and answer of all routes", async () => {
  const [folder, { facts }] = await Promise.all([generateClients(), startTestServer(await makeDataFolder())]);
  const operator = createOperator(facts);
  await operator.publish("code-review");
  const tokens = { author: await operator.add("author", ["coding"]), reviewer: await operator.add("reviewer", ["code-review"]) };
  const [reviewed, authored] = await Promise.all([
    runAgent(folder, "hey-api.ts", facts, tokens.reviewer),
    runAgent(folder, "openapi-fetch.ts", facts, tokens.author),
  ]);
  const thread = String(authored.at(-1)?.correlationid);
  const { messages } = (await operator.call("GET", `v1/threads/${thread}/messages`)) as { messages: { role: string; agent: string }[] };
  expect(messages.map(({ role, agent }) => `${role}:${agent}`)).toEqual(["reviewer:reviewer", "author:author", "reviewer:reviewer"]);

  // The log is written behind.
  await vi.waitFor(async () => {
    const { events } = (await operator.call("GET", "v1/events")) as { events: { event: CloudEvent }[] };
    expect(events.map(({ event }) => event.type)).toContain("nerve.thread.completed");
    expect(events.length).toBeGreaterThan(10);
  });
  const samples = await tour(facts, thread, "ready-115");
  const routes = Object.entries(openapi.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect([...new Set(samples.map(({ route }) => route))].toSorted()).toEqual(routes.toSorted());
  const withBody = samples.filter(({ body, route }) => body !== undefined && !/api\.json$/.test(route));
  expect(withBody.length).toBeGreaterThan(60);

  const logged = withBody.find(({ route }) => route === "GET /v1/events")?.body as { events: { event: CloudEvent }[] };
  const events = [
    ...reviewed,
    ...authored,
    ...logged.events.filter(({ event }) => event.type !== "nerve.turn.assigned").map(({ event }) => event),
  ];
  expect(new Set(events.map(({ type }) => type)).size).toBeGreaterThan(5);
  expect(logged.events.length).toBeGreaterThan(10);

  // By the document's own schemas, which say more than types can.
  const misfits = withBody.flatMap(({ route, status, body }) => findMisfits(route, status, body as Json));
  expect(misfits).toEqual([]);
  expect(findMisfits("GET /v1/threads", 200, { threads: [{ id: 7 }], next: null })).not.toEqual([]);

  for (const kind of ["hey", "schema"] as const) await writeFile(join(folder, `samples-${kind}.ts`), writeSamples(kind, withBody, events));
  const compiled = await run(join(root, "node_modules/.bin/tsc"), ["-p", folder]).catch((error: { stdout: string }) => error);
  expect(compiled.stdout).toBe("");
});

/** Where an answer is not what the document says of it. */
function findMisfits(route: string, status: number, body: Json): string[] {
  const { responses } = findOperation(route);
  const schema = status >= 400 ? schemas["Problem"] : Object.values(responses[status]?.content ?? {})[0]?.schema;
  const whole = JSON.parse(JSON.stringify({ ...(schema as object), $defs: schemas }).replaceAll("#/components/schemas/", "#/$defs/"));
  return checkSchema(whole, body).map(({ path: at, message }) => `${route} ${status} ${at}: ${message}`);
}
