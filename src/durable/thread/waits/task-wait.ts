/** What a thread waits for because of its turn: an answer, a broadcast's, children, a decision, a person. Knows the states of the task's machine. */
import { lookUp } from "../../../../machines/facts.ts";
import { type TaskContext, taskContext } from "../../../../machines/task/context.ts";
import type { NodeIr, RoleIr, WorkflowIr } from "../../../compile/ir.ts";
import { readAwait, readNodeState } from "../../../compile/lower/edges.ts";
import type { NodeState } from "../../../contract/statuses.ts";
import type { Wait } from "../../../contract/views/wait.ts";
import { trust } from "../../protocol/trust.ts";
import { describeLateChildren, describePartial, describeTurnEnd } from "./describe-then.ts";
import { findTimer, type MachineView, readPath, toTime } from "./machine-view.ts";

/** Whom the words name, out of the task's rows. */
export interface TaskNames {
  /** The open turn's id. */
  turn?: string | undefined;
  /** Of the open broadcast: who has not answered, the first by id, and how many they are. */
  missing?: { agents: string[]; count: number } | undefined;
  /** Children that are awaited and have not ended, the first of them. */
  awaited: string[];
}

interface TurnFacts {
  ir: WorkflowIr;
  task: MachineView;
  context: TaskContext;
  names: TaskNames | undefined;
  /** The node of the graph, and its role unless it is `$START`. */
  node: string;
  role: RoleIr | undefined;
  /** When the state's timer rings. */
  due: number | undefined;
}

/**
 * Undefined: recruitment says what is waited for, or the task has ended.
 * @param names absent: for the index, which has no words; at each turn it is told of a wait that has none
 */
export function describeTaskWait(ir: WorkflowIr, task: MachineView, names?: TaskNames): Wait | undefined {
  const [outer, node, state] = readPath(task.value);
  const context = trust(taskContext, task.context);
  if (outer === "suspended") return describeSuspended(ir, context, toTime(task.since()));
  if (outer !== "active" || node === undefined || state === undefined) return undefined;
  const role = ir.roles.find(({ name }) => name === node);
  const due = findTimer(task, `task.active.${node}.${state}`);
  const facts: TurnFacts = { ir, task, context, names, node, role, due };
  const at = readNodeState(state);
  return at ? nodeWaits[at.state](facts, at.edge) : describeDecision(facts);
}

/** What is waited for in each state; `$START` has no role, and none of the states of one. */
const nodeWaits: Record<NodeState, (facts: TurnFacts, edge: number) => Wait | undefined> = {
  beginning: describeDecision,
  seating: describeDecision,
  vacant: ofRole(describeVacant),
  waiting: ofRole(describeAnswer),
  asking: ofRole(describeBroadcast),
  collecting: ofRole(describeBroadcast),
  deciding: describeDecision,
  exhausted: describeDecision,
  awaiting: describeChildren,
};

function ofRole(describe: (facts: TurnFacts, role: RoleIr) => Wait | undefined): (facts: TurnFacts) => Wait | undefined {
  return (facts) => (facts.role ? describe(facts, facts.role) : describeDecision(facts));
}

/** From how long the state's timer runs, or from its history. */
function describeSpan({ task, due }: TurnFacts, length: number | undefined): { since: string; until?: string } {
  if (due === undefined) return { since: toTime(task.since()) };
  return { since: toTime(length === undefined ? task.since() : due - length), until: toTime(due) };
}

function describeAnswer(facts: TurnFacts, role: RoleIr): Wait {
  const { ir, context, names } = facts;
  const agent = context.open?.agent ?? lookUp(context.seats, role.name)?.agent ?? undefined;
  return {
    for: "answer",
    role: role.name,
    ...(agent !== undefined && { agent }),
    text: names ? `${agent ?? "its holder"} has the turn ${names.turn === undefined ? "" : `${names.turn} `}of ${role.name}` : "",
    ...describeSpan(facts, role.turn.timeout),
    then: names ? describeTurnEnd(ir, role, context.retries) : "",
  };
}

function describeBroadcast(facts: TurnFacts, role: RoleIr): Wait {
  const { ir, context, names } = facts;
  if (!context.audience)
    return {
      for: "answered",
      role: role.name,
      text: `${role.name} is being given to whoever is eligible`,
      ...describeSpan(facts, undefined),
      then: "whoever is eligible is asked as soon as the registry can be read; it is tried again within a minute",
    };
  const { asked, acked, failed } = context.audience;
  const { agents, count } = names?.missing ?? { agents: [], count: 0 };
  return {
    for: "answered",
    role: role.name,
    ...(agents.length > 0 && { agents }),
    text: `${acked} of ${asked} have answered ${role.name}${failed ? `, ${failed} failed` : ""}${count ? `; missing${nameThem(agents, count)}` : ""}`,
    ...describeSpan(facts, role.broadcast?.timeout),
    then: describePartial(ir, role),
  };
}

function describeChildren(facts: TurnFacts, edge: number): Wait {
  const { ir, context, node, role } = facts;
  const { awaited } = facts.names ?? { awaited: [] };
  const found = ir.nodes.find(({ name }) => name === node) as NodeIr;
  const left = context.children?.left ?? 0;
  return {
    for: "children",
    ...(role && { role: role.name }),
    ...(awaited.length > 0 && { threads: awaited }),
    text: `${left} awaited child thread${left === 1 ? "" : "s"} of ${node} ${left === 1 ? "is" : "are"} not done${nameThem(awaited, left)}`,
    ...describeSpan(facts, readAwait(found.edges[edge] as NodeIr["edges"][number])),
    then: describeLateChildren(ir, role),
  };
}

function describeVacant(facts: TurnFacts, role: RoleIr): Wait | undefined {
  // Recruitment's own wait says when and what then.
  if (role.type === "open") return undefined;
  return {
    for: "person",
    role: role.name,
    text: `nobody holds the named role ${role.name}`,
    ...describeSpan(facts, undefined),
    then: "an operator gives it to an agent",
  };
}

/** Whose turn it was, and who has the role or had it last. Why, and what then, its thread says. */
function describeSuspended(ir: WorkflowIr, { open, seats }: TaskContext, since: string): Wait {
  const wait: Wait = { for: "person", text: "suspended", since, then: "an operator or a signal resumes it" };
  if (!open) return wait;
  const seat = lookUp(seats, open.role);
  const isBroadcast = ir.roles.some(({ name, type }) => name === open.role && type === "broadcast");
  const agent = isBroadcast ? undefined : (open.agent ?? seat?.agent ?? seat?.was);
  return { ...wait, role: open.role, ...(typeof agent === "string" && { agent }) };
}

function describeDecision({ node, task }: TurnFacts): Wait {
  return { for: "decision", text: `which way to go from ${node} is being decided`, since: toTime(task.since()), then: "the graph goes on" };
}

/** `: a, b and 3 more`. */
function nameThem(names: string[], count: number): string {
  if (!names.length) return "";
  return `: ${names.join(", ")}${count > names.length ? ` and ${count - names.length} more` : ""}`;
}
