/** The app over fakes, and a short way to call it; the same in Node and in workerd, which differ in the database. */
import type { CompiledWorkflow } from "../../../src/compile/compile-workflow.ts";
import type { Diagnostic } from "../../../src/compile/index.ts";
import type { ReflexIr, WorkflowIr } from "../../../src/compile/ir.ts";
import type { Json } from "../../../src/contract/event.ts";
import type { JsonSchema } from "../../../src/contract/json-schema/check-schema.ts";
import type { ProblemCode } from "../../../src/contract/problem.ts";
import type { AppPorts, CompileAnswer } from "../../../src/worker/app-ports.ts";
import { createApp } from "../../../src/worker/create-app.ts";
import type { AsyncApi } from "../../../src/worker/describe/build-asyncapi.ts";
import type { OpenApi } from "../../../src/worker/describe/build-openapi.ts";
import { listProblems } from "../../../src/worker/describe/list-problems.ts";
import { renderDocs } from "../../../src/worker/describe/render-docs.ts";
import { routeDocs } from "../../../src/worker/describe/route-docs.ts";
import { matchRoute } from "../../../src/worker/match-route.ts";
import { findAnswerFaults } from "../../declared-answers.ts";
import type { FakeObjects } from "./fake-objects.ts";
import { createFakeObjects } from "./fake-objects.ts";

export const adminToken = "an-admin-token";

export interface CallOptions {
  /** The admin's if absent; null for none. */
  token?: string | null;
  /** Sent as JSON unless it is a string or bytes. */
  body?: unknown;
  headers?: Record<string, string>;
}

export interface Answer {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape, and fail where a shape is wrong.
  body: any;
}

export interface TestApp {
  objects: FakeObjects;
  logged: { [field: string]: Json | undefined }[];
  /** The app itself, for who serves it. */
  fetch(request: Request): Promise<Response>;
  call(method: string, path: string, options?: CallOptions): Promise<Answer>;
  /** Every route, as `METHOD /pattern`. */
  routes(): Set<string>;
  /** Registers an agent and gives its token. */
  register(id: string, rights?: Record<string, unknown>): Promise<string>;
}

export function createTestApp(db: D1Database, ports: Partial<AppPorts> = {}): TestApp {
  const objects = createFakeObjects();
  const logged: TestApp["logged"] = [];
  const app = createApp({
    db,
    agent: objects.agent,
    thread: objects.thread,
    workflow: objects.workflow,
    projector: objects.projector,
    webhook: objects.webhook,
    hook: objects.hook,
    registryChanged: async () => {},
    compile: compileStandIn,
    asset: answerAsset,
    adminToken,
    now: () => Date.parse("2026-11-20T12:00:00Z"),
    randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
    log: (entry) => logged.push(entry),
    ...ports,
  });

  /** [API23] Whatever is answered must be what the contract declares. */
  async function call(method: string, path: string, { token = adminToken, body, headers = {} }: CallOptions = {}): Promise<Answer> {
    const response = await app.request(`http://nerveflare.test${path}`, {
      method,
      headers: { ...(token !== null && { authorization: `Bearer ${token}` }), ...headers },
      ...(body !== undefined && { body: typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    checkDescribed(method, path, response.status, text);
    const isJson = /[/+]json/.test(response.headers.get("content-type") ?? "");
    const parsed = isJson && text !== "" ? JSON.parse(text) : text;
    const faults = isJson ? findAnswerFaults(method, path, response.status, parsed, response.headers.get("content-type") ?? undefined) : [];
    if (faults.length) throw new Error(`What is sent is not what is declared:\n${faults.join("\n")}`);
    return { status: response.status, headers: response.headers, body: parsed };
  }

  /** Whatever a test is about: a status, or a problem's code, that the route's description lacks is a fault of the description. */
  function checkDescribed(method: string, path: string, status: number, text: string): void {
    const matched = matchRoute(app.routes, method, new URL(path, "http://nerveflare.test").pathname);
    const doc = routeDocs.find(({ route }) => route === `${method} ${matched?.pattern}`);
    // Node can make no answer of status 101: the fake agent says this instead.
    if (!doc || status in doc.answers || text === "socket") return;
    const { code } = JSON.parse(text) as { code: ProblemCode };
    if (listProblems(doc).get(status)?.includes(code)) return;
    throw new Error(`${doc.route} answered ${status} ${code}, which its description lacks: add it to its \`problems\`.`);
  }

  return {
    objects,
    logged,
    fetch: async (request) => app.fetch(request),
    call,
    routes: () => new Set(app.routes.filter(({ method }) => method !== "ALL").map(({ method, path }) => `${method} ${path}`)),
    async register(id, rights = {}) {
      const { body } = await call("POST", "/v1/agents", { body: { id, ...rights } });
      return body.token;
    },
  };
}

/** The files that are deployed beside the Worker, as they are made for it. */
export async function answerAsset(path: string): Promise<Response> {
  const { default: openapi } = await import("../../../schemas/openapi.json", { with: { type: "json" } });
  const { default: asyncapi } = await import("../../../schemas/asyncapi.json", { with: { type: "json" } });
  switch (path) {
    case "/v1/openapi.json":
      return Response.json(openapi);
    case "/v1/asyncapi.json":
      return Response.json(asyncapi);
    case "/docs.html":
      return new Response(String(await renderDocs(openapi as unknown as OpenApi, asyncapi as unknown as AsyncApi)));
    default:
      return new Response(null, { status: 404 });
  }
}

/** What a text for {@link compileStandIn} says. */
export interface StandInFile {
  name: string;
  binding?: "cloud" | "local";
  description?: string;
  reflexes?: ReflexIr[];
  input?: JsonSchema;
  expose?: true;
  /** Messages of errors and warnings to report. */
  errors?: string[];
  warnings?: string[];
}

/** Stands for the compiler, which has tests of its own: takes JSON, as {@link StandInFile}; a comment may precede it. */
export function compileStandIn(text: string): CompileAnswer {
  const file = JSON.parse(text.replace(/^#.*\n/, "")) as StandInFile;
  const report = (severity: Diagnostic["severity"]) => (message: string) =>
    ({
      code: "NRV2001",
      name: "unknown-field",
      severity,
      message,
      span: { start: text.indexOf("\n") + 1, end: text.length },
      related: [],
    }) as Diagnostic;
  const diagnostics = [...(file.errors ?? []).map(report("error")), ...(file.warnings ?? []).map(report("warning"))];
  if (file.errors?.length) return { diagnostics };
  const { name, binding = "cloud", description = "", reflexes = [], input, expose } = file;
  const compiled = {
    ir: { name, binding, description, reflexes, ...(input && { input }), ...(expose && { expose }) } as unknown as WorkflowIr,
    recruitment: { id: "recruitment" },
    task: { id: "task" },
    revision: `revision of ${name} ${description} ${JSON.stringify(reflexes)}`,
  } as unknown as CompiledWorkflow;
  return { compiled, diagnostics };
}
