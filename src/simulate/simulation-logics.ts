/** What the host runs for a thread that is walked: both machines and the real moderator. What they write is kept in lists. */
import { loadMachine } from "../../machines/load-machine.ts";
import type { ModerateInput, WriteType } from "../../machines/messages.ts";
import type { CompiledWorkflow } from "../compile/compile-workflow.ts";
import { createModerator, summariseDecision } from "../compile/decide/create-moderator.ts";
import type { Decision, Step } from "../compile/decide/view.ts";
import type { WorkflowIr } from "../compile/ir.ts";
import type { Json } from "../contract/event.ts";
import { createLogics, type LogicEntry, type Logics, type PendingWrite, type Write } from "../durable/host/logic.ts";
import type { SimulatedBroadcast } from "./simulated-broadcast.ts";
import type { Output, TakenDecision } from "./simulation.ts";

/** What has happened so far. */
export interface WalkRecord {
  steps: Step[];
  decisions: TakenDecision[];
  /** By number of the decision. */
  prompts: Map<number, string>;
}

export interface LogicsOptions {
  compiled: CompiledWorkflow;
  event: { [key: string]: Json };
  record: WalkRecord;
  broadcast: Pick<SimulatedBroadcast, "toOutput">;
}

export function createSimulationLogics(options: LogicsOptions): Logics {
  const load = (pick: "recruitment" | "task") => (definition: unknown) => {
    const loaded = loadMachine((definition as CompiledWorkflow)[pick]);
    if (!loaded.ok) throw new Error(loaded.faults.map(({ at, message }) => `${at}: ${message}`).join("; "));
    return loaded.machine;
  };
  const writes = createWrites(options);
  return createLogics({
    recruitment: { load: load("recruitment"), options: { place: "recruitment", actors: { task: "task" }, writes } },
    task: { load: load("task"), options: { place: "task", actors: { moderate: "moderate" }, writes } },
    moderate: createModerate(options),
  });
}

function createWrites({ compiled, record, broadcast }: LogicsOptions): Record<WriteType, Write> {
  return {
    "audience.note": () => {},
    "answer.note": () => {},
    "progress.note": () => {},
    "message.append": (write) => void record.steps.push(toStep(write, broadcast)),
    "decision.record": ({ params, metadata }) => {
      const decision = metadata as Decision;
      record.decisions.push(describeDecision(compiled.ir, String(params["node"]), String(params["to"]), decision));
      if (typeof params["turn"] === "number") record.prompts.set(params["turn"], decision.prompt ?? "");
    },
  };
}

function describeDecision(ir: WorkflowIr, name: string, to: string, { edge, prompt, because, emits, spawns }: Decision): TakenDecision {
  const node = ir.nodes.find((each) => each.name === name);
  const label = node?.edges.find(({ id }) => id === edge)?.label ?? edge;
  return { node: name, label, to, prompt, because, emits, spawns };
}

function createModerate({ compiled: { ir }, event, record, broadcast }: LogicsOptions): LogicEntry {
  const moderator = createModerator(ir);
  return {
    type: "promise",
    mode: "pure",
    run: async (input, _scope, pending) => {
      const { node, status } = input as unknown as ModerateInput;
      const coming = pending.filter(({ name }) => name === "message.append").map((write) => toStep(write, broadcast));
      const history = [...record.steps, ...coming];
      const last = history.at(-1);
      const start = { workflow: ir.name, event, which: "new" as const };
      const result = await moderator.decide(node, { start, ...(last ? { last } : {}), steps: () => history }, status);
      if (!result.ok) throw new Error(`${result.error.code}: ${result.error.message}`);
      return { output: summariseDecision(result.decision) as unknown as Json, metadata: result.decision };
    },
  };
}

function toStep({ params, metadata }: Pick<PendingWrite, "params" | "metadata">, broadcast: LogicsOptions["broadcast"]): Step {
  const role = String(params["role"]);
  const agent = params["agent"] === null ? null : String(params["agent"]);
  if (params["status"] === null) return { role, agent, output: (metadata as { output: Output }).output };
  const status = String(params["status"]);
  const output = status === "$ACKED" || status === "$PARTIAL" ? broadcast.toOutput(status) : { $status: status };
  return { role, agent, output };
}
