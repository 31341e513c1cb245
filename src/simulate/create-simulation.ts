/**
 * A thread that is walked by hand: both machines on the real host over node:sqlite, decided by the real moderator. Roles are
 * claimed as they are offered; who answers, and how, is the caller's. Moves are data, so a walk can be replayed.
 */
import { loadMachine } from "../../machines/load-machine.ts";
import type { ModerateInput, WriteType } from "../../machines/messages.ts";
import type { RecruitmentContext } from "../../machines/recruitment/context.ts";
import type { TaskContext } from "../../machines/task/context.ts";
import { type MachineStatus, readThreadStatus } from "../../machines/thread-status.ts";
import type { CompiledWorkflow } from "../compile/compile-workflow.ts";
import { createModerator, summariseDecision } from "../compile/decide/create-moderator.ts";
import { evaluateExpression, isTruthy } from "../compile/decide/expression.ts";
import type { Decision, Step } from "../compile/decide/view.ts";
import type { JsonSchema } from "../compile/ir.ts";
import { collectsClaims } from "../compile/lower/party.ts";
import type { Json } from "../contract/event.ts";
import { describeMisfits } from "../contract/json-schema/check-schema.ts";
import type { Signal } from "../contract/language.ts";
import type { OutcomeStatus } from "../contract/statuses.ts";
import { type ActorHost, type ActorView, createActorHost } from "../durable/host/actor-host.ts";
import { createLogics, type Logics, type PendingWrite, type Write } from "../durable/host/logic.ts";
import type { World } from "../durable/host/ports.ts";
import type { Envelope } from "../durable/protocol/envelope.ts";
import { createNodeStorage } from "../durable/storage/node-storage.ts";
import { checkOutput } from "../durable/thread/turn/check-output.ts";

type Output = { [key: string]: Json };

/** How a child may end in a simulation. */
export const childEndings = ["completed", "failed"] as const satisfies OutcomeStatus[];
export type ChildEnding = (typeof childEndings)[number];

/** What may be done with a thread. */
export type Move =
  | { do: "answer"; output: Output }
  | { do: "timeout" }
  | { do: "fail"; error: string }
  | { do: Signal }
  | { do: "child"; status: ChildEnding };

/** A decision that was taken, and why. */
export interface TakenDecision {
  node: string;
  /** What the author wrote for the edge. */
  label: string;
  to: string;
  prompt: string | null;
  because: Decision["because"];
  emits: Decision["emits"];
  spawns: Decision["spawns"];
}

/** Where the thread stands. */
export interface SimulationView {
  status: MachineStatus;
  reason: string | null;
  /** Whose turn it is. */
  turn?: { role: string; agent: string; round: number; prompt: string; schema: JsonSchema; timeout: string };
  /** Children that are waited for. */
  children?: number;
  /** Agents who hold roles. */
  seats: Record<string, string>;
  steps: Step[];
}

/** What a move led to. */
export interface MoveResult {
  /** Why the move was not taken; then nothing has changed but what it says. */
  refused?: string;
  decisions: TakenDecision[];
  view: SimulationView;
}

/** A thread in memory. */
export interface Simulation {
  begin(): Promise<MoveResult>;
  apply(move: Move): Promise<MoveResult>;
  view(): Promise<SimulationView>;
  close(): void;
}

export interface SimulationOptions {
  /** The initiating event; `agent` is its sender's id. */
  event: { [key: string]: Json };
}

const thread = "simulated";

/** Agents that a broadcast goes to, where it does not say how many. */
const audience = 2;

/** Events that follow one move by themselves (claims, messages), before something is wrong. */
const followUps = 200;

export function createSimulation(compiled: CompiledWorkflow, { event }: SimulationOptions): Simulation {
  const { ir } = compiled;
  const storage = createNodeStorage();
  const moderator = createModerator(ir);
  const background = new Set<Promise<unknown>>();
  const steps: Step[] = [];
  const decisions: TakenDecision[] = [];
  const prompts = new Map<number, string>();
  /** Answers to the broadcast that is open. */
  let answers: { agent: string; output: Output; ok: boolean }[] = [];
  let asked: { role: string; turn: number; of: number | null } | undefined;
  let now = Date.UTC(2026, 0, 1);

  function toStep({ params, metadata }: Pick<PendingWrite, "params" | "metadata">): Step {
    const role = String(params["role"]);
    const agent = params["agent"] === null ? null : String(params["agent"]);
    if (params["status"] === null) return { role, agent, output: (metadata as { output: Output }).output };
    const status = String(params["status"]);
    if (status !== "$ACKED" && status !== "$PARTIAL") return { role, agent, output: { $status: status } };
    const acked = answers.filter(({ ok }) => ok);
    const output = {
      $status: status,
      acked: acked.map((answer) => answer.agent),
      failed: answers.filter(({ ok }) => !ok).map((answer) => answer.agent),
      missing: listAudience().filter((name) => !answers.some((answer) => answer.agent === name)),
      answers: acked.map((answer) => ({ agent: answer.agent, output: answer.output })),
    };
    return { role, agent, output };
  }

  function listAudience(): string[] {
    return Array.from({ length: asked?.of ?? audience }, (_, index) => `${asked?.role}-${index + 1}`);
  }

  function createSimulationLogics(): Logics {
    const load = (pick: "recruitment" | "task") => (definition: unknown) => {
      const loaded = loadMachine((definition as CompiledWorkflow)[pick]);
      if (!loaded.ok) throw new Error(loaded.faults.map(({ at, message }) => `${at}: ${message}`).join("; "));
      return loaded.machine;
    };
    const writes: Record<WriteType, Write> = {
      "audience.note": () => {},
      "answer.note": () => {},
      "progress.note": () => {},
      "message.append": (write) => void steps.push(toStep(write)),
      "decision.record": ({ params, metadata }) => {
        const decision = metadata as Decision;
        const node = ir.nodes.find(({ name }) => name === params["node"]);
        const label = node?.edges.find(({ id }) => id === decision.edge)?.label ?? decision.edge;
        const { prompt, because, emits, spawns } = decision;
        decisions.push({ node: String(params["node"]), label, to: String(params["to"]), prompt, because, emits, spawns });
        if (typeof params["turn"] === "number") prompts.set(params["turn"], prompt ?? "");
      },
    };
    return createLogics({
      recruitment: { load: load("recruitment"), options: { place: "recruitment", actors: { task: "task" }, writes } },
      task: { load: load("task"), options: { place: "task", actors: { moderate: "moderate" }, writes } },
      moderate: {
        type: "promise",
        mode: "pure",
        run: async (input, _scope, pending) => {
          const { node, status } = input as unknown as ModerateInput;
          const history = [...steps, ...pending.filter(({ name }) => name === "message.append").map(toStep)];
          const last = history.at(-1);
          const start = { workflow: ir.name, event, which: "new" as const };
          const result = await moderator.decide(node, { start, ...(last ? { last } : {}), steps: () => history }, status);
          if (!result.ok) throw new Error(`${result.error.code}: ${result.error.message}`);
          return { output: summariseDecision(result.decision) as unknown as Json, metadata: result.decision };
        },
      },
    });
  }

  function deliver(envelope: Envelope): ReturnType<World["transport"]["deliver"]> {
    if (/^(task|recruitment)\//.test(envelope.to)) return host.deliver(envelope);
    const { message } = envelope;
    if (message.type === "audience.ask") {
      asked = {
        role: String(message["role"]),
        turn: Number(message["turn"]),
        of: typeof message["of"] === "number" ? message["of"] : null,
      };
      answers = [];
    }
    return Promise.resolve({ status: "stored" });
  }

  const world: World = {
    address: `recruitment/${thread}`,
    storage: {
      exec: (sql, ...values) => storage.exec(sql, ...values),
      transaction: (body) => storage.transaction(body),
      setAlarm: () => {},
    },
    clock: { now: () => now },
    transport: { deliver },
    scheduler: {
      background(work) {
        const held = work.catch(() => {}).finally(() => background.delete(held));
        background.add(held);
      },
    },
  };
  const host: ActorHost = createActorHost(world, createSimulationLogics(), { definitions: () => Promise.resolve(compiled) });

  async function readTask(): Promise<(ActorView & { name: string; facts: TaskContext }) | undefined> {
    const root = await host.read(thread);
    const address = root?.children.find(({ id }) => id === "task")?.address ?? taskAddress;
    if (address === undefined) return undefined;
    taskAddress = address;
    const name = address.slice("task/".length);
    const view = await host.read(name);
    return view && { ...view, name, facts: view.context as unknown as TaskContext };
  }
  let taskAddress: string | undefined;

  /** Does what agents without a will of their own do: messages arrive, offered roles are claimed, broadcasts are given out. */
  async function settle(): Promise<void> {
    for (let round = 0; round < followUps; round++) {
      while (background.size > 0) await Promise.all(background);
      if (!(await claimOne()) && !(await giveBroadcast())) return;
    }
  }

  async function claimOne(): Promise<boolean> {
    const root = await host.read(thread);
    if (root?.status !== "active") return false;
    const open = (root.value as { open?: Record<string, Json> }).open ?? {};
    const { offers } = root.context as unknown as RecruitmentContext;
    for (const role of ir.roles) {
      const region = open[role.name];
      const offering = region === "offering" || (typeof region === "object" && region !== null && "offering" in region);
      if (!offering) continue;
      const agent = role.eligibility.agents?.[0] ?? `${role.name}-1`;
      const claim = { type: "role.claim", role: role.name, agent, offer: offers[role.name] ?? 0, eligible: true, score: 1 };
      const answer = await host.send(thread, claim);
      if (collectsClaims(role)) await host.send(thread, { type: "offer.exhausted", role: role.name, offer: offers[role.name] ?? 0 });
      if (answer.ok) return (await host.read(thread))?.revision !== root.revision;
    }
    return false;
  }

  async function giveBroadcast(): Promise<boolean> {
    const task = await readTask();
    if (!task || !asked || task.facts.audience !== null || task.facts.open?.turn !== asked.turn || task.status !== "active") return false;
    return (await host.send(task.name, { type: "audience.asked", turn: asked.turn, asked: listAudience().length })).ok;
  }

  /** Assignments of named roles, as a thread's start gives them. */
  async function assignNamed(): Promise<Record<string, { agent: string; generation: number }>> {
    const seats: Record<string, { agent: string; generation: number }> = {};
    for (const role of ir.roles) {
      if (!role.agent) continue;
      let agent = "id" in role.agent ? role.agent.id : "";
      if ("from" in role.agent) {
        const result = await evaluateExpression(role.agent.from, { event, start: { workflow: ir.name, event } }, { event });
        if (result.ok && typeof result.value === "string") agent = result.value;
      }
      seats[role.name] = { agent: agent || `${role.name}-1`, generation: 1 };
    }
    return seats;
  }

  async function view(): Promise<SimulationView> {
    const root = await host.read(thread);
    const task = await readTask();
    const context = root?.context as unknown as RecruitmentContext | undefined;
    const status = readThreadStatus({ hasTag: (tag) => root?.tags.includes(tag) === true });
    const held = Object.entries(context?.seats ?? {}).flatMap(([role, { agent }]) => (agent === null ? [] : [[role, agent] as const]));
    const shown: SimulationView = { status, reason: context?.reason ?? null, seats: Object.fromEntries(held), steps: [...steps] };
    const { open, children } = task?.facts ?? { open: null, children: null };
    if (children && status === "running") shown.children = children.left;
    if (!task || !open || task.status !== "active") return shown;
    const role = ir.roles.find(({ name }) => name === open.role);
    const broadcast = role?.type === "broadcast" && task.facts.audience !== null;
    if (open.state !== "given" && !broadcast) return shown;
    const due = task.timers[0]?.due;
    const agent = broadcast ? listAudience().find((name) => !answers.some((answer) => answer.agent === name)) : open.agent;
    shown.turn = {
      role: open.role,
      agent: agent ?? "nobody",
      round: open.turn,
      prompt: prompts.get(open.decision) ?? "",
      schema: role?.schema ?? true,
      timeout: due === undefined ? "never" : new Date(due).toISOString(),
    };
    return shown;
  }

  async function send(actor: string, fact: { type: string; [name: string]: Json }, metadata?: unknown): Promise<string | undefined> {
    const answer = await host.send(actor, fact, metadata === undefined ? {} : { metadata });
    return answer.ok ? undefined : `${answer.code}: ${answer.detail}`;
  }

  async function answer(output: Output): Promise<string | undefined> {
    const task = await readTask();
    const shown = await view();
    const open = task?.facts.open;
    if (!task || !open || !shown.turn) return "nobody has a turn that could be answered";
    const { role, agent, schema } = shown.turn;
    const fence = { turn: open.turn, agent, generation: open.generation };
    const misfits = checkOutput(schema, output);
    if (misfits.length > 0) {
      const refused = await send(task.name, { type: "turn.invalid", ...fence });
      return `the output does not fit ${role}'s schema: ${describeMisfits(misfits, "output")}${refused ? ` (${refused})` : ""}`;
    }
    if (!task.facts.audience) return send(task.name, { type: "turn.answered", ...fence }, { output });
    const test = ir.roles.find(({ name }) => name === role)?.broadcast?.ok;
    const judged = test === undefined ? undefined : await evaluateExpression(test, output, { event });
    const ok = judged === undefined || (judged.ok && isTruthy(judged.value));
    answers.push({ agent, output, ok });
    return send(task.name, { type: "turn.answered", ...fence, ok }, { output });
  }

  async function passTime(): Promise<string | undefined> {
    const task = await readTask();
    const root = await host.read(thread);
    const due = task?.timers[0]?.due ?? root?.timers[0]?.due;
    if (due === undefined) return "nothing waits for a time";
    now = Math.max(now, due);
    await host.alarm();
    return undefined;
  }

  async function take(move: Move): Promise<string | undefined> {
    switch (move.do) {
      case "answer":
        return answer(move.output);
      case "timeout":
        return passTime();
      case "fail": {
        const task = await readTask();
        const { turn } = await view();
        const open = task?.facts.open;
        if (!task || !open || !turn) return "nobody has a turn that could fail";
        const fence = { turn: open.turn, agent: turn.agent, generation: open.generation };
        if (task.facts.audience) answers.push({ agent: turn.agent, output: {}, ok: false });
        return send(task.name, { type: "turn.failed", ...fence, retryable: false, reason: move.error.slice(0, 500) });
      }
      case "child": {
        const task = await readTask();
        if (!task?.facts.children) return "no child is waited for";
        return send(task.name, { type: "child.ended", round: task.facts.round, status: move.status });
      }
      case "suspend":
      case "resume":
      case "cancel":
        return send(thread, { type: `thread.${move.do}`, reason: `${move.do} by hand` });
      default:
        return move satisfies never;
    }
  }

  async function finish(refused: string | undefined, before: number): Promise<MoveResult> {
    await settle();
    const letter = host.deadLetters().at(-1);
    const why = refused ?? (letter ? `a message is a dead letter (${letter.code}): ${letter.error}` : undefined);
    return { ...(why === undefined ? {} : { refused: why }), decisions: decisions.slice(before), view: await view() };
  }

  return {
    view,
    close: () => storage.close(),
    async begin() {
      const input = { start: "new", seats: await assignNamed() };
      const begun = await host.start({ actor: thread, logic: "recruitment", definition: compiled.revision, input });
      return finish(begun.ok ? undefined : begun.detail, 0);
    },
    async apply(move) {
      const before = decisions.length;
      return finish(await take(move), before);
    },
  };
}
