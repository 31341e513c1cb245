/** Objects that remember what they were asked and answer as the real ones would, for tests of the routes alone. */

import type { Json } from "../../../src/contract/event.ts";
import type { Accepted } from "../../../src/contract/frames/server-frames.ts";
import { refuse, succeed } from "../../../src/contract/problem.ts";
import type { PauseView } from "../../../src/contract/views/admission.ts";
import type { AgentCard } from "../../../src/contract/views/agent.ts";
import type { ThreadView } from "../../../src/contract/views/thread.ts";
import { hashToken } from "../../../src/durable/agent/token-hash.ts";
import { createHook } from "../../../src/durable/hook/hook.ts";
import { createNodeStorage } from "../../../src/durable/host/storage/node-storage.ts";
import { createStore } from "../../../src/durable/host/store/store.ts";
import type { AgentRpc, Sender } from "../../../src/durable/protocol/agent.ts";
import type { HookRpc } from "../../../src/durable/protocol/hook.ts";
import type { ProjectorRpc } from "../../../src/durable/protocol/projector.ts";
import type { RecruitmentRpc } from "../../../src/durable/protocol/recruitment.ts";
import type { WebhookRpc } from "../../../src/durable/protocol/webhook.ts";
import type { WorkflowRpc } from "../../../src/durable/protocol/workflow.ts";

export interface FakeObjects {
  agent(name: string): AgentRpc;
  thread(id: string): RecruitmentRpc;
  workflow(name: string): WorkflowRpc;
  projector(): Pick<ProjectorRpc, "changed" | "lag">;
  webhook(id: string): WebhookRpc;
  /** The real one, over a memory of its own; what it posts is accepted. */
  hook(name: string): HookRpc;
  /** The log has moved on: whoever waits for it is woken. */
  wakeLog(): void;
  /** Resolves when at least so many wait for that. */
  watched(number: number): Promise<void>;
  /** Every call, in order: the object's address, the method, the arguments. */
  calls: { object: string; method: string; args: unknown[] }[];
  /** Threads that exist, with the agents that take part. */
  threads: Map<string, string[]>;
  /** Set to make the next call of `<address>.<method>` throw. */
  failures: Map<string, unknown>;
}

/** What the fakes share. */
interface FakeState {
  agents: Map<string, { card: AgentCard; tokenHash: string | undefined }>;
  threads: FakeObjects["threads"];
  /** Hashes of the tokens that asked for tickets, by the tickets' own. */
  tickets: Map<string, string>;
  /** Notes a call, and throws where a test wants it to. */
  note(object: string, method: string, ...args: unknown[]): void;
}

export function createFakeObjects(): FakeObjects {
  const calls: FakeObjects["calls"] = [];
  const failures = new Map<string, unknown>();
  const paused = new Map<string, PauseView>();
  const hooks = new Map<string, HookRpc>();
  let writes = 0;
  const watchers = new Set<() => void>();
  const awaiting: { number: number; resolve(): void }[] = [];
  const tellWatched = () => {
    for (const each of awaiting) if (watchers.size >= each.number) each.resolve();
  };
  const state: FakeState = {
    agents: new Map(),
    threads: new Map(),
    tickets: new Map(),
    note(object, method, ...args) {
      calls.push({ object, method, args });
      const failure = failures.get(`${object}.${method}`);
      failures.delete(`${object}.${method}`);
      if (failure !== undefined) throw failure;
    },
  };
  return {
    calls,
    threads: state.threads,
    failures,
    wakeLog() {
      writes += 1;
      for (const wake of watchers) wake();
      watchers.clear();
    },
    watched(number) {
      const { promise, resolve } = Promise.withResolvers<void>();
      awaiting.push({ number, resolve });
      tellWatched();
      return promise;
    },
    projector: () => ({
      // No time passes here: who waits is woken by a test, or waits.
      async changed(mark) {
        if (mark === String(writes))
          await new Promise<void>((resolve) => {
            watchers.add(resolve);
            tellWatched();
          });
        return String(writes);
      },
      lag: async () => ({ lagMs: 12, maxMs: 40, meanMs: 20, rows: 3, waiting: 0, oldestWaiting: null, failing: null }),
    }),
    agent: (name) => createFakeAgent(name, state),
    thread: (id) => createFakeThread(id, state),
    workflow: (name) => createFakeWorkflow(name, state, paused),
    webhook: (id) => createFakeWebhook(id, state),
    hook(name) {
      const made = hooks.get(name) ?? createMemoryHook(name, state);
      hooks.set(name, made);
      return made;
    },
  };
}

function createMemoryHook(name: string, { note }: FakeState): HookRpc {
  const accept = (event: unknown): Accepted => ({ id: (event as { id: string }).id, status: "accepted", threads: [], notes: [] });
  const hook = createHook({
    store: createStore(createNodeStorage(), `hook/${name}`),
    now: () => Date.parse("2026-11-20T12:00:00Z"),
    async post(events) {
      note(`agent/hooks/${name}`, "accept", { hook: name }, events);
      return succeed(events.map(accept));
    },
  });
  return {
    ...hook,
    async create(made) {
      note(`hook/${name}`, "create", made);
      await hook.create(made);
    },
    async remove() {
      note(`hook/${name}`, "remove");
      hook.forget();
    },
  };
}

function createFakeWebhook(id: string, { note }: FakeState): WebhookRpc {
  const noting = (method: string, ...args: unknown[]) => note(`webhook/${id}`, method, ...args);
  return {
    create: async (webhook) => noting("create", webhook),
    wake: async () => noting("wake"),
    async standing() {
      return {
        ...{ state: "active", reason: null, position: 7, pending: 0, deadLetters: 1, delivered: 3, lastDeliveredAt: null, failures: 0 },
        ...{ lastError: null, nextAttemptAt: null, formerSecretUntil: null },
      };
    },
    async deadLetters(query) {
      noting("deadLetters", query);
      const at = "2026-11-20T12:00:00.000Z";
      return { deadLetters: [{ position: 3, id: "e", type: "a.b", attempts: 13, error: "answered 500", at }], next: null };
    },
    async rotate(secret, overlap) {
      noting("rotate", secret, overlap);
      return succeed(null);
    },
    async resume() {
      noting("resume");
      return succeed(null);
    },
    async replay(order) {
      noting("replay", order);
      return succeed("after" in order ? { from: order.after, deadLetters: 0 } : { from: null, deadLetters: 1 });
    },
    remove: async () => noting("remove"),
  };
}

function createFakeAgent(name: string, { agents, tickets, note }: FakeState): AgentRpc {
  return {
    async register(card, tokenHash) {
      note(`agent/${name}`, "register", card, tokenHash);
      agents.set(name, { card, tokenHash: tokenHash ?? agents.get(name)?.tokenHash });
      return succeed(null);
    },
    async room() {
      return null;
    },
    async hint() {
      return "away" as const;
    },
    async standing(offer) {
      note(`agent/${name}`, "standing", offer);
      return null;
    },
    async card() {
      const card = agents.get(name)?.card;
      return card ? { ...card, labels: {}, load: 0 } : null;
    },
    async remove() {
      note(`agent/${name}`, "remove");
      agents.delete(name);
      return succeed(null);
    },
    async rotate(tokenHash, overlap) {
      note(`agent/${name}`, "rotate", tokenHash, overlap);
      const known = agents.get(name);
      if (!known) return refuse("not_found", `There is no agent ${name}.`);
      known.tokenHash = tokenHash;
      return succeed(null);
    },
    async revoke() {
      note(`agent/${name}`, "revoke");
      const known = agents.get(name);
      if (!known) return refuse("not_found", `There is no agent ${name}.`);
      known.tokenHash = undefined;
      return succeed(null);
    },
    async identify(principal) {
      note(`agent/${name}`, "identify", principal);
      return judge(agents, name, principal);
    },
    async me(principal) {
      note(`agent/${name}`, "me", principal);
      const judged = await judge(agents, name, principal);
      return judged.ok
        ? succeed<Json>({ ...judged.value, limits: {}, now: "2026-11-20T12:00:00Z", rolesHeld: [], turns: [], offers: [] })
        : judged;
    },
    async accept(principal, events) {
      note(`agent/${name}`, "accept", principal, events);
      const judged = await judge(agents, name, principal);
      if (!judged.ok) return judged;
      return succeed(
        events.map((event) => {
          const { id, type } = event as { id?: string; type?: string };
          if (id !== undefined && type !== undefined) return { id, status: "accepted" as const, threads: [], notes: [] };
          return { id: id ?? null, status: "rejected" as const, error: refuse("malformed", "An event has an id and a type.").problem };
        }),
      );
    },
    async inbox(principal, query) {
      note(`agent/${name}`, "inbox", principal, query);
      const judged = await judge(agents, name, principal);
      return judged.ok ? succeed({ events: [], next: query.after ?? 0 }) : judged;
    },
    async ack(principal, ack) {
      note(`agent/${name}`, "ack", principal, ack);
      const judged = await judge(agents, name, principal);
      return judged.ok ? succeed(null) : judged;
    },
    async takeTicket(ticket) {
      note(`agent/${name}`, "takeTicket", ticket);
      const hash = await hashToken(ticket);
      const tokenHash = tickets.get(hash);
      tickets.delete(hash);
      return tokenHash === undefined ? refuse("unauthenticated", "This ticket was used.") : succeed(tokenHash);
    },
    async issueTicket(principal, ticketHash, tokenHash) {
      note(`agent/${name}`, "issueTicket", principal, ticketHash, tokenHash);
      const judged = await judge(agents, name, principal);
      if (judged.ok) tickets.set(ticketHash, tokenHash);
      return judged.ok ? succeed({ expires: "2026-11-20T12:01:00.000Z" }) : judged;
    },
    async presence() {
      return { state: "online", lastSignAt: null, connections: 0, seats: 0, slots: null, used: 0 };
    },
    async delivered(event) {
      note(`agent/${name}`, "delivered", event);
      return { agent: name, status: agents.has(name) ? "waiting" : "absent" };
    },
    async routed(id) {
      note(`agent/${name}`, "routed", id);
      return null;
    },
    async fetch(request) {
      note(`agent/${name}`, "fetch", request);
      // As the object does: a stream's request is refused as any other, a socket's by a close code.
      const [scheme, token = ""] = (request.headers.get("authorization") ?? "").split(" ");
      const judged =
        scheme === "Bearer" ? await judge(agents, name, { agent: name, token }) : refuse("unauthenticated", "This ticket was used.");
      if (new URL(request.url).pathname === "/v1/inbox/stream" && !judged.ok) return Response.json(judged.problem, { status: 401 });
      return new Response("socket");
    },
    async deliver() {
      return { status: "stored" };
    },
  };
}

function createFakeThread(id: string, { threads, note }: FakeState): RecruitmentRpc {
  return {
    async show(viewer) {
      note(`recruitment/${id}`, "show", viewer);
      return showThread(threads, id, viewer);
    },
    async messages(viewer, page) {
      note(`recruitment/${id}`, "messages", viewer, page);
      const shown = showThread(threads, id, viewer);
      return shown.ok ? succeed({ messages: [], next: null }) : shown;
    },
    async control(signal, operator, body) {
      note(`recruitment/${id}`, "control", signal, operator, body);
      return showThread(threads, id, null);
    },
    async holders(viewer) {
      note(`recruitment/${id}`, "holders", viewer);
      const shown = showThread(threads, id, viewer);
      return shown.ok ? succeed({}) : shown;
    },
    async explain() {
      note(`recruitment/${id}`, "explain");
      if (!threads.has(id)) return refuse("not_found", `There is no thread ${id}.`);
      return succeed({ thread: id, workflow: "w", status: "running", waits: [], unfilled: [], run: [] });
    },
    async candidates(viewer, role) {
      note(`recruitment/${id}`, "candidates", viewer, role);
      const seen = showThread(threads, id, viewer);
      return seen.ok ? succeed({ role, holder: null, candidates: [{ agent: "bob", presence: "online", free: 1 }], more: false }) : seen;
    },
    async restart(operator, body) {
      note(`recruitment/${id}`, "restart", operator, body);
      return showThread(threads, id, null);
    },
    async fork(operator, body) {
      note(`recruitment/${id}`, "fork", operator, body);
      return showThread(threads, id, null);
    },
    async assign(operator, role, body) {
      note(`recruitment/${id}`, "assign", operator, role, body);
      return showThread(threads, id, null);
    },
    async oldTask() {
      return null;
    },
    async offers() {
      return [];
    },
    async retire() {
      note(`recruitment/${id}`, "retire");
      return threads.has(id);
    },
    async settleDeadLetter(order, event) {
      note(`recruitment/${id}`, "settleDeadLetter", order, event);
      return threads.has(id) ? succeed(null) : refuse("not_found", "There is no dead letter.");
    },
    async history(page) {
      note(`recruitment/${id}`, "history", page);
      return succeed({ recruitment: [], task: null });
    },
    async take() {
      throw new Error("the Worker hands thread-bound events to the agent's object");
    },
    async deliver() {
      return { status: "stored" };
    },
  };
}

function createFakeWorkflow(name: string, { note }: FakeState, paused: Map<string, PauseView>): WorkflowRpc {
  return {
    async admission() {
      note(`workflow/${name}`, "admission");
      return succeed({ running: 0, queued: [], paused: paused.get(name) ?? null, concurrency: null });
    },
    async pause(pause) {
      note(`workflow/${name}`, "pause", pause);
      if (pause) paused.set(name, pause);
      else paused.delete(name);
      return succeed({ running: 0, queued: [], paused: pause, concurrency: null });
    },
    async outcomes(refs: string[]) {
      return refs.map(() => null);
    },
    async published(revision) {
      note(`workflow/${name}`, "published", revision);
    },
    async withdrawn() {
      note(`workflow/${name}`, "withdrawn");
    },
    async deliver() {
      return { status: "stored" };
    },
  };
}

async function judge(agents: FakeState["agents"], name: string, principal: Sender) {
  if ("hook" in principal) throw new Error("A hook's own object posts for it.");
  if ("operator" in principal) {
    if (name !== `operators/${principal.operator}`) throw new Error(`${name} was asked for an operator.`);
    return succeed<AgentCard>({ id: name, capabilities: [], roles: null, kinds: null });
  }
  const known = agents.get(name);
  const shown = "token" in principal ? await hashToken(principal.token) : principal.tokenHash;
  if (!known || known.tokenHash !== shown) return refuse("unauthenticated", "This token is not this agent's.");
  return succeed(known.card);
}

function showThread(threads: FakeState["threads"], id: string, viewer: string | null) {
  const agentsOfThread = threads.get(id);
  if (!agentsOfThread || (viewer !== null && !agentsOfThread.includes(viewer))) return refuse("not_found", `There is no thread ${id}.`);
  const event = { specversion: "1.0", id: "e", source: "/agents/a", type: "a.b", time: "2026-11-20T12:00:00Z" };
  const times = { createdAt: event.time, updatedAt: event.time };
  const view = { id, workflow: "w", revision: "r", status: "running", ...times, event, round: 1, roles: {}, children: [] };
  return succeed(view as unknown as ThreadView);
}
