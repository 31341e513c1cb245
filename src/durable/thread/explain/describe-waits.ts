/**
 * What a thread waits for, since when, until when and what happens then: read off both machines' states and timers. Knows the
 * machines' state names and the workflow's policies; asks nobody.
 */
import { lookUp } from "../../../../machines/facts.ts";
import type { RecruitmentContext } from "../../../../machines/recruitment/context.ts";
import type { TaskContext } from "../../../../machines/task/context.ts";
import type { NodeIr, RoleIr, WorkflowIr } from "../../../compile/ir.ts";
import { readAwait } from "../../../compile/lower/edges.ts";
import type { Json } from "../../../contract/event.ts";
import type { WaitView } from "../../../contract/views/wait.ts";
import type { TaskPeek } from "../../protocol/rpc.ts";
import type { OfferRow } from "../recruitment/offer-rows.ts";
import { describeLateChildren, describeLoss, describeOfferEnd, describePartial, describeTurnEnd } from "./describe-then.ts";

/** An actor as its host keeps it. */
export interface MachineView {
  value: Json;
  context: Json;
  timers: { id: string; due: number }[];
  updatedAt: number;
}

export interface WaitFacts {
  ir: WorkflowIr;
  recruitment: MachineView;
  task: TaskPeek | undefined;
  /** The newest offer of a role, with how many were asked and how many answered. */
  offer(role: string): { row: OfferRow; offered: number; answered: number } | undefined;
}

/** Names of a state's nested states, outermost first. */
function readPath(value: Json | undefined): string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [];
  const [entry] = Object.entries(value);
  return entry ? [entry[0], ...readPath(entry[1])] : [];
}

/** The state of a role's region of recruitment, outermost first, e.g. `["held", "away"]`. */
export function readRegionPath(recruitment: Pick<MachineView, "value">, role: string): string[] {
  return readPath((recruitment.value as { open?: { [region: string]: Json } } | null)?.open?.[role]);
}

const time = (at: number): string => new Date(at).toISOString();

function findTimer({ timers }: Pick<MachineView, "timers">, state: string): number | undefined {
  return timers.find(({ id }) => id.endsWith(state) || id.includes(`${state}.`))?.due;
}

function describeClaims(facts: WaitFacts, role: RoleIr, path: string[]): WaitView | undefined {
  const { ir, recruitment } = facts;
  const context = recruitment.context as unknown as RecruitmentContext;
  const since = time(recruitment.updatedAt);
  const until = (due: number | undefined) => (due === undefined ? {} : { until: time(due) });
  const at = `recruitment.open.${role.name}`;
  switch (path[0]) {
    case "offering": {
      const offer = facts.offer(role.name);
      const number = lookUp(context.offers, role.name);
      const leader = lookUp(context.leading, role.name);
      const leads = leader && leader.offer === number ? leader.agent : undefined;
      const end = (offer?.row.closed === null ? offer.row.expires : undefined) ?? findTimer(recruitment, `${at}.offering`);
      return {
        for: "claim",
        role: role.name,
        text: `${role.name} is offered (pick: ${role.recruitment.pick}); ${offer ? `${offer.offered} were asked, ${offer.answered} answered` : "nobody was asked yet"}`,
        since: offer ? time(offer.row.opened) : since,
        ...until(end),
        then: describeOfferEnd(ir, role, lookUp(context.tries, role.name) ?? 0, leads),
      };
    }
    case "backoff": {
      const due = findTimer(recruitment, `${at}.backoff`);
      return {
        for: "pause",
        role: role.name,
        text: `nobody took ${role.name}; a pause before it is offered again`,
        since: due === undefined ? since : time(due - role.recruitment.backoff),
        ...until(due),
        then: "it is offered again",
      };
    }
    case "held": {
      const agent = lookUp(context.seats, role.name)?.agent ?? undefined;
      if (path[1] !== "away") return undefined;
      const due = findTimer(recruitment, `${at}.held.away`);
      return describeAway(ir, role, agent, due, since);
    }
    case "away":
      return describeAway(ir, role, lookUp(context.seats, role.name)?.agent ?? undefined, findTimer(recruitment, `${at}.away`), since);
    default:
      return undefined;
  }
}

function describeAway(ir: WorkflowIr, role: RoleIr, agent: string | undefined, due: number | undefined, since: string): WaitView {
  return {
    for: "holder",
    role: role.name,
    ...(agent !== undefined && { agent }),
    text: `${agent ?? "the holder"}, who holds ${role.name}, is away`,
    since: due === undefined ? since : time(due - role.offline.grace),
    ...(due !== undefined && { until: time(due) }),
    then: due === undefined ? "nothing: it is waited for until it is back" : describeLoss(ir, role),
  };
}

/** The node of the graph in which the task is, and the state within. */
function readNode(task: TaskPeek): [node: string, state: string] | undefined {
  const [outer, node, state] = readPath(task.machine.value);
  return outer === "active" && node !== undefined && state !== undefined ? [node, state] : undefined;
}

function describeTask(facts: WaitFacts): WaitView | undefined {
  const { ir, task } = facts;
  if (task?.status !== "active") return undefined;
  const found = readNode(task);
  if (!found) return undefined;
  const [nodeName, state] = found;
  const { machine } = task;
  const context = machine.context as unknown as TaskContext;
  const role = ir.roles.find(({ name }) => name === nodeName);
  const since = time(machine.updatedAt);
  const due = findTimer(machine, `task.active.${nodeName}.${state}`);
  const until = due === undefined ? {} : { until: time(due) };
  if (state.startsWith("awaiting")) {
    const node = ir.nodes.find(({ name }) => name === nodeName) as NodeIr;
    const timeout = readAwait(node.edges[Number(state.slice("awaiting".length))] as NodeIr["edges"][number]);
    const left = context.children?.left ?? 0;
    return {
      for: "children",
      role: nodeName,
      ...(task.awaited.length > 0 && { threads: task.awaited }),
      text: `${left} awaited child thread${left === 1 ? "" : "s"} of ${nodeName} ${left === 1 ? "is" : "are"} not done${nameThem(task.awaited, left)}`,
      since: due === undefined || timeout === undefined ? since : time(due - timeout),
      ...until,
      then: describeLateChildren(ir, role),
    };
  }
  if (!role) return describeDecision(nodeName, since);
  if (state === "waiting" && task.turn) {
    return {
      for: "answer",
      role: role.name,
      agent: task.turn.agent,
      text: `${task.turn.agent} has the turn ${task.turn.turn} of ${role.name}`,
      since: task.turn.since,
      ...until,
      then: describeTurnEnd(ir, role, context.retries),
    };
  }
  if (state === "asking" || state === "collecting") {
    const { asked = 0, acked = 0, failed = 0 } = context.audience ?? {};
    const { agents, count } = task.missing ?? { agents: [], count: 0 };
    if (!context.audience)
      return {
        for: "answers",
        role: role.name,
        text: `${role.name} is being given to whoever is eligible`,
        since,
        then: "whoever is eligible is asked as soon as the registry can be read; it is tried again within a minute",
      };
    return {
      for: "answers",
      role: role.name,
      ...(agents.length > 0 && { agents }),
      text: `${acked} of ${asked} have answered ${role.name}${failed ? `, ${failed} failed` : ""}${count ? `; missing${nameThem(agents, count)}` : ""}`,
      since: due === undefined || !role.broadcast ? since : time(due - role.broadcast.timeout),
      ...until,
      then: describePartial(ir, role),
    };
  }
  if (state === "vacant") {
    // Recruitment's own wait says when and what then.
    if (role.type === "open") return undefined;
    return {
      for: "person",
      role: role.name,
      text: `nobody holds the named role ${role.name}`,
      since,
      then: "an operator gives it to an agent",
    };
  }
  return state === "deciding" || state === "exhausted" ? describeDecision(nodeName, since) : undefined;
}

/** `: a, b and 3 more`. */
function nameThem(names: string[], count: number): string {
  if (!names.length) return "";
  return `: ${names.join(", ")}${count > names.length ? ` and ${count - names.length} more` : ""}`;
}

function describeDecision(node: string, since: string): WaitView {
  return { for: "decision", text: `which way to go from ${node} is being decided`, since, then: "the graph goes on" };
}

/** Everything that a thread that runs, or gathers its party, waits for. */
export function describeWaits(facts: WaitFacts): WaitView[] {
  const { ir, recruitment } = facts;
  const claims = ir.roles.flatMap((role) => {
    const wait = describeClaims(facts, role, readRegionPath(recruitment, role.name));
    return wait ? [wait] : [];
  });
  const task = describeTask(facts);
  return [...(task ? [task] : []), ...claims];
}

/** Whether an open role is wanted, or was when the thread was suspended, and nobody has it. */
export function isSought(recruitment: Pick<MachineView, "value">, role: RoleIr): boolean {
  const [state] = readRegionPath(recruitment, role.name);
  return role.type === "open" && state !== undefined && !["held", "dormant", "beginning"].includes(state);
}
