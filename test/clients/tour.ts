/** Calls every route of a running server once, at least, and keeps what was answered: samples for the types that are made of the description. */

/** An answer with a JSON body. */
export interface Sample {
  /** `GET /v1/threads/{id}`, as the document names it. */
  route: string;
  status: number;
  body: unknown;
}

interface Server {
  url: string;
  adminToken: string;
}

/** @param thread that has ended, of the workflow `code-review`. @param event of the log */
export async function tour({ url, adminToken }: Server, thread: string, event: string): Promise<Sample[]> {
  const samples: Sample[] = [];

  /** @param route with the values of its names: `GET /v1/threads/{id=t1}` */
  async function call(
    route: string,
    body?: unknown,
    { token = adminToken, type = "application/json", query = "", accept = "*/*" } = {},
  ): Promise<never> {
    const [method = "", path = ""] = route.replaceAll(/\{\w+=([^}]*)\}/g, (_, value) => encodeURIComponent(value)).split(" ");
    const response = await fetch(`${url}${path}${query}`, {
      method,
      headers: { authorization: `Bearer ${token}`, accept, ...(body !== undefined && { "content-type": type }) },
      ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
      signal: AbortSignal.timeout(30_000),
    });
    const isStream = response.headers.get("content-type") === "text/event-stream";
    const text = isStream ? "" : await response.text();
    if (isStream) await response.body?.cancel();
    const isJson = /[/+]json/.test(response.headers.get("content-type") ?? "") && text !== "";
    const answered = isJson ? JSON.parse(text) : undefined;
    samples.push({ route: route.replaceAll(/\{(\w+)=[^}]*\}/g, "{$1}"), status: response.status, body: answered });
    return answered as never;
  }

  for (const path of [
    "/healthz",
    "/readyz",
    "/docs",
    "/v1/openapi.json",
    "/v1/asyncapi.json",
    "/v1/status",
    "/v1/metrics",
    "/v1/audit",
    "/v1/schemas",
  ])
    await call(`GET ${path}`);
  const { token } = (await call("POST /v1/agents", { id: "tourist", capabilities: ["touring"] })) as { token: string };
  await call("POST /v1/agents", { id: "tourist" });
  await call("POST /v1/agents", { idd: "tourist" });
  await call("GET /v1/agents");
  await call("PATCH /v1/agents/{id=tourist}", { kinds: ["a.b", "nerve.agent.report", "pr.ready_for_review"] });
  await call("GET /v1/agents/{id=tourist}");
  await call("GET /v1/agents/{id=nobody}");
  await call("PUT /v1/agents/{id=tourist}/subscriptions", { kinds: ["a.*"] });
  await call("GET /v1/agents/{id=tourist}/subscriptions");
  for (const method of ["PUT", "GET", "DELETE"]) await call(`${method} /v1/agents/{id=tourist}/card`);
  await call("POST /v1/agents/{id=tourist}/token", {});

  await call("GET /v1/me", undefined, { token });
  await call("GET /v1/me");
  await call("GET /v1/me/types", undefined, { token, query: "?workflows=code-review" });
  await call("POST /v1/tickets", undefined, { token });
  for (const method of ["POST", "GET", "DELETE"]) await call(`${method} /v1/session`, undefined, { token });
  await call("POST /mcp", { jsonrpc: "2.0", id: 1, method: "ping" }, { token, accept: "application/json, text/event-stream" });
  await call("POST /v1/events", { id: "one", type: "a.b", data: { n: 1 } }, { token });
  await call(
    "POST /v1/events",
    [
      { id: "two", type: "a.b" },
      { id: "three", type: "nerve.no.such" },
      { id: "one", type: "a.b" },
    ],
    { token },
  );
  await call("POST /v1/events", { id: "four", type: "nerve.turn.respond", data: { turn: "t1", lease: 1, output: {} } }, { token });
  await call("POST /v1/events", { id: "five", type: "nerve.agent.report", data: { slots: 2, accepts: ["a.b"] } }, { token });
  await call("GET /v1/inbox", undefined, { token });
  await call("POST /v1/inbox/ack", { seqs: [1] }, { token });
  await call("GET /v1/inbox/stream", undefined, { token });
  await call("GET /v1/connect", undefined, { token });
  await call("GET /v1/threads", undefined, { token });
  await call("GET /v1/events", undefined, { query: "?limit=1000" });
  await call("GET /v1/events/{id=one}", undefined, { query: "?source=/agents/tourist" });
  await call(`GET /v1/events/{id=${event}}`);
  await call("GET /v1/events/archive");
  await call("DELETE /v1/events/archive", undefined, { query: "?through=0&until=2026-01-01" });
  const broadcast = (await call("POST /v1/broadcasts", { kind: "a.b", to: "*", data: { all: true } })) as { id: string };
  await call(`GET /v1/broadcasts/{id=${broadcast.id}}`);

  await call("GET /v1/workflows");
  await call("GET /v1/workflows/{name=code-review}");
  const { revision } = (await call("GET /v1/workflows/{name=code-review}/machines")) as { revision: string };
  await call("GET /v1/workflows/{name=code-review}/revisions");
  await call(`GET /v1/workflows/{name=code-review}/revisions/{revision=${revision.slice(0, 8)}}`);
  await call("PUT /v1/workflows/{name=code-review}", "name: code-review", { type: "application/yaml" });
  await call("POST /v1/workflows/{name=code-review}/pause", { reason: "a tour" });
  await call("GET /v1/workflows/{name=code-review}");
  await call("POST /v1/workflows/{name=code-review}/unpause", {});

  await tourThreads(call, thread);
  await call("GET /v1/threads", undefined, { query: "?waiting=any&count=true" });
  await call("GET /v1/threads");

  for (const place of ["dead-letters", "parked"]) {
    await call(`GET /v1/${place}`);
    await call(`POST /v1/${place}/retry`, {});
    for (const order of ["retry", "drop"]) await call(`POST /v1/${place}/{id=${thread}:1}/${order}`, {});
  }
  await tourArtifacts(call);
  await tourWebhooks(call);
  await tourHooks(call);
  await tourA2a(call);
  await call("POST /v1/operators", { name: "carol", access: "read" });
  await call("GET /v1/operators");
  await call("DELETE /v1/operators/{name=carol}");
  const enrolment = (await call("POST /v1/enrolments", { agent: "late" })) as { id: string; code: string };
  await call("GET /v1/enrolments");
  await call("POST /v1/enrolments/redeem", { code: enrolment.code });
  await call(`DELETE /v1/enrolments/{id=${enrolment.id}}`);
  await call("POST /v1/agents/{id=late}/revoke");
  await call("DELETE /v1/agents/{id=late}");
  await call("GET /v1/audit");
  await call("GET /v1/status");
  await call("POST /v1/placement", { placement: "own" });
  await call("DELETE /v1/workflows/{name=code-review}");
  return samples;
}

/** A webhook, from its making to its end. */
async function tourWebhooks(call: (route: string, body?: unknown) => Promise<never>): Promise<void> {
  const hook = (await call("POST /v1/webhooks", { url: "https://hooks.example.com/", kinds: ["no.such"] })) as { id: string };
  for (const path of ["", `/{id=${hook.id}}`]) await call(`GET /v1/webhooks${path}`);
  for (const order of ["secret", "resume"]) await call(`POST /v1/webhooks/{id=${hook.id}}/${order}`, {});
  await call(`POST /v1/webhooks/{id=${hook.id}}/replay`, { deadLetters: "all" });
  await call(`GET /v1/webhooks/{id=${hook.id}}/dead-letters`);
  await call(`DELETE /v1/webhooks/{id=${hook.id}}`);
}

/** A hook, from its making to its end. */
async function tourHooks(call: (route: string, body?: unknown) => Promise<never>): Promise<void> {
  const map = '{"kind": "no.such", "data": body}';
  await call("POST /v1/hooks", { name: "tour", from: "github", kinds: ["no.such"], map });
  for (const path of ["/v1/hooks", "/v1/hooks/{name=tour}"]) await call(`GET ${path}`);
  await call("PATCH /v1/hooks/{name=tour}", { note: "on tour" });
  await call("POST /v1/hooks/{name=tour}/test", { body: "{}" });
  await call("POST /v1/hooks/{name=tour}/secret", {});
  await call("POST /v1/hooks/{name=tour}", {});
  await call("DELETE /v1/hooks/{name=tour}");
}

/** Orders to a thread that waits for a reviewer, and to one that has ended. */
/** What the protocol says in its own types is no sample of ours: of what has no card, there are problems. */
async function tourA2a(call: (route: string, body?: unknown) => Promise<never>): Promise<void> {
  const request = { jsonrpc: "2.0", id: 1, method: "GetExtendedAgentCard" };
  await call("GET /.well-known/agent-card.json");
  await call("POST /a2a", request);
  const path = "/a2a/{kind=agents}/{name=nobody}";
  await call(`POST ${path}`, request);
  await call(`POST ${path}/{call=message:send}`, {});
  for (const rest of ["/.well-known/agent-card.json", "/extendedAgentCard", "/tasks", "/tasks/{task=t}"]) await call(`GET ${path}${rest}`);
  await call(`POST ${path}/tasks/{task=t:cancel}`, {});
  const configs = `${path}/tasks/{task=t}/pushNotificationConfigs`;
  await call(`GET ${configs}`);
  await call(`POST ${configs}`, {});
  for (const method of ["GET", "DELETE"]) await call(`${method} ${configs}/{config=mine}`);
}

async function tourThreads(call: (route: string, body?: unknown) => Promise<never>, ended: string): Promise<void> {
  const { threads } = (await call("POST /v1/events", {
    id: "ready-116",
    type: "pr.ready_for_review",
    data: { repo: "nerve", pr: 116 },
  })) as {
    threads: string[];
  };
  const [waits] = threads;
  for (const id of [waits, ended]) {
    await call(`GET /v1/threads/{id=${id}}`);
    for (const view of ["messages", "trace", "history", "explain"]) await call(`GET /v1/threads/{id=${id}}/${view}`);
  }
  await call(`POST /v1/threads/{id=${waits}}/suspend`, { reason: "a tour" });
  await call(`GET /v1/threads/{id=${waits}}/explain`);
  await call(`GET /v1/threads/{id=${waits}}/roles/{role=reviewer}/candidates`);
  await call(`POST /v1/threads/{id=${waits}}/resume`, { supplement: { go: "on" } });
  await call(`POST /v1/threads/{id=${waits}}/roles/{role=reviewer}`, {});
  await call(`POST /v1/threads/{id=${waits}}/cancel`, {});
  await call(`POST /v1/threads/{id=${waits}}/cancel`, {});
  await call(`POST /v1/threads/{id=${ended}}/fork`, { at: 1 });
  await call(`POST /v1/threads/{id=${ended}}/restart`, {});
  await call(`GET /v1/threads/{id=${ended}}`);
}

async function tourArtifacts(call: (route: string, body?: unknown, options?: { type?: string }) => Promise<never>): Promise<void> {
  const { $artifact: id } = (await call("POST /v1/artifacts", "a report", { type: "text/plain" })) as { $artifact: string };
  for (const path of ["/v1/artifacts", `/v1/artifacts/{artifact=${id}}`, `/v1/artifacts/{artifact=${id}}/facts`]) await call(`GET ${path}`);
  const upload = "{upload=6f0c1c9e-6d0c-4a4f-9f0e-3f1f0a2b7c11}";
  for (const method of ["GET", "PATCH", "DELETE"]) await call(`${method} /v1/uploads/${upload}`);
}
