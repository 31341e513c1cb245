/** What a decision is made over: the thread as the author's expressions and templates see it. */
import type { Start } from "../../../machines/messages.ts";
import type { CloudEvent, Json } from "../../contract/event.ts";
import { engineStatuses, isEngineStatus } from "../../contract/language.ts";
import type { EvaluationError } from "./expression.ts";

/** One step of a thread. */
export interface Step {
  role: string;
  output: { [key: string]: Json };
  detail?: Json;
  agent?: string | null;
  /** Free text under the output. */
  body?: string;
  /** What became of the children that the edge after this step spawned and waited for. */
  children?: Json;
  [more: string]: Json | undefined;
}

/** A thread, as a decision sees it. Whatever is costly is a function, called only if asked for. */
export interface DecisionView {
  start: {
    workflow: string;
    /** By default `event.data.prompt`. */
    prompt?: Json;
    /** The initiating event, with `agent`, the sender's id. */
    event: CloudEvent | { [key: string]: Json | undefined };
    which: Start;
  };
  /** The last step; none before the first. */
  last?: Step;
  /** All steps, oldest first, the last one included. */
  steps(): Promise<Step[]> | Step[];
  /** A role's earliest and latest step that an agent answered; by default looked up in {@link steps}. */
  first?(role: string): Promise<Step | undefined> | Step | undefined;
  latest?(role: string): Promise<Step | undefined> | Step | undefined;
  /** What a resume added. */
  supplement?: Json;
  children?: Json[];
}

/** An event that an edge or a reflex publishes. */
export interface EvaluatedEmit {
  kind: string;
  data?: Json;
  to?: string;
}

/** A child that an edge starts. */
export interface EvaluatedSpawn {
  workflow: string;
  input?: Json;
  /** Milliseconds to wait for it. */
  await?: number;
}

/** What was seen on the way to an edge, for people who ask why. */
export type Because =
  | { form: "status"; status: string }
  /** Each condition that was tried, in order, and what it gave. */
  | { form: "list"; tried: { condition: string; expression: string; saw: Json }[] }
  | { form: "moderator"; saw: Json };

/** A decision: which edge, and all that follows from it. */
export interface Decision {
  /** The edge's id, or `$SUSPEND`. */
  edge: string;
  /** A role's name, `$END` or `$SUSPEND`. */
  target: string;
  /** Null where the author wrote none. */
  prompt: string | null;
  location?: string;
  suspend?: { reason: string };
  emits: EvaluatedEmit[];
  spawns: EvaluatedSpawn[];
  because: Because;
}

/** Why there is no decision. It is an error of the thread, never a fall-through. */
export interface DecisionError {
  code:
    | EvaluationError["code"]
    | "no_node"
    | "no_edge"
    | "no_status"
    | "bad_moderator"
    | "blank_prompt"
    | "too_many_children"
    | "edge_too_large"
    | "no_steps";
  message: string;
}

/** A decision, or why there is none. */
export type DecisionResult = { ok: true; decision: Decision } | { ok: false; error: DecisionError };

/** Whether the engine made this output in place of an agent: `$first` and `$last` skip it. A broadcast's `$ACKED` holds agents' answers: it counts. */
export function isEngineOutput(output: { [key: string]: Json | undefined }): boolean {
  const status = output["$status"];
  return isEngineStatus(status) && !engineStatuses[status].agents;
}

/** The role's earliest step that counts. */
export async function findFirst(view: DecisionView, role: string): Promise<Step | undefined> {
  if (view.first) return await view.first(role);
  return (await view.steps()).find((step) => step.role === role && !isEngineOutput(step.output));
}

/** The role's latest step that counts. */
export async function findLatest(view: DecisionView, role: string): Promise<Step | undefined> {
  if (view.last?.role === role && !isEngineOutput(view.last.output)) return view.last;
  if (view.latest) return await view.latest(role);
  return (await view.steps()).findLast((step) => step.role === role && !isEngineOutput(step.output));
}
