/** What a broadcast's audience is sent: its turn, the turn again after a suspension, and the turn's end. Within the machine's transaction. */
import type { ToAudience } from "../../../../machines/messages.ts";
import type { CompiledWorkflow } from "../../../compile/compile-workflow.ts";
import type { RoleIr } from "../../../compile/ir.ts";
import type { CloudEvent } from "../../../contract/event.ts";
import type { TurnAssigned } from "../../../contract/kinds/turn.ts";
import { createMail } from "../../protocol/agent.ts";
import type { OwnMessage } from "../../protocol/own-places.ts";
import { makeThreadEvent, nameRoleInId } from "../log/make-event.ts";
import { readTaskStart } from "../task/counted-steps.ts";
import { describeTurn, makeTurn } from "../task/make-turn.ts";
import { makeTurnId } from "../task/task-start.ts";
import { readDecisionOf } from "../task/turn-documents.ts";
import { threadLimits } from "../thread-schema.ts";
import type { ThreadScope } from "../thread-services.ts";
import { changeBroadcast, readBroadcast, readLastBroadcast, readMissing, revokeAll, writeAudience } from "./audience-documents.ts";
import type { ChosenAudience } from "./choose-audience.ts";

type Ask = OwnMessage<"audience.ask">;

/** No sign of life is asked of an audience. */
function makeAudienceLease(turn: number): TurnAssigned["lease"] {
  return { generation: turn, expires: null };
}

/** Gives a turn to all of these, within a transaction. */
function mailTurn(
  services: ThreadScope["services"],
  given: {
    task: string;
    role: RoleIr;
    agents: string[];
    data: TurnAssigned;
    /** The event's, by which its id is made. */
    name: string;
    cause: string;
    now: number;
    expires: number;
    ends?: string;
    again?: true;
  },
): void {
  const { task, role, agents, data, name, cause, now, expires, ends, again } = given;
  const { thread } = readTaskStart(services.documents);
  const { turn } = data;
  const event = makeThreadEvent(thread, name, "nerve.turn.assigned", cause, now, data);
  const mail = { channel: "my" as const, event, turn, expires, ...(ends !== undefined && { ends }), ...(again && { again }) };
  services.mail(agents, createMail(mail), `task/${task}`);
  const named = agents.length <= threadLimits.namedAtMost;
  services.log(
    {
      ...event,
      to: named ? agents.map((agent) => `agents/${agent}`).join(",") : `role:${role.name}`,
      data: describeTurn(services.documents, role, data, { asked: agents.length }),
    },
    thread,
  );
}

/**
 * The thread goes on: whoever has not answered is given the turn again, under its number, with why it stood still and what a person
 * added; their time begins anew, as the machine's does. Within the machine's transaction.
 */
export function resumeAudience(
  { services, actor: task, revision, now, definition }: ThreadScope,
  said: Extract<ToAudience, { type: "audience.resume" }>,
  cause: string,
): void {
  const { documents } = services;
  const { roles } = (definition as CompiledWorkflow).ir;
  const role = roles.find(({ name }) => name === said.role);
  const broadcast = readBroadcast(documents, said.turn);
  if (!role || broadcast?.closed !== null) return;
  const agents = readMissing(documents, said.turn, broadcast.asked).agents;
  const deadline = now + (role.broadcast?.timeout ?? broadcast.deadline - broadcast.at);
  const expires = Math.max(deadline, now + (role.broadcast?.ttl ?? 0));
  // The thread stood still, and its broadcast has its time again.
  changeBroadcast(documents, { ...broadcast, deadline, expires });
  if (agents.length === 0) return;
  const data = makeTurn(documents, role, readTaskStart(documents), {
    turn: makeTurnId(task, said.turn),
    attempt: 1,
    round: said.turn,
    lease: makeAudienceLease(said.turn),
    deadline,
    decision: readDecisionOf(documents, said.decision),
    resumed: { reason: said.reason },
  });
  const name = `${task}.${revision}.${nameRoleInId(roles, said.role)}.resumed`;
  mailTurn(services, { task, role, agents, data, cause, now, expires, name, again: true });
}

/** Keeps whom the turn goes to, and the turn; one lease for all, which is the turn's number. */
export function giveTurn(
  { services, now }: Pick<ThreadScope, "services" | "now">,
  role: RoleIr,
  task: string,
  ask: Ask,
  { agents, leftOut }: ChosenAudience,
): void {
  const { documents } = services;
  const began = readTaskStart(documents);
  const turn = makeTurnId(task, ask.turn);
  const deadline = now + ask.timeout;
  const expires = now + (role.broadcast?.ttl ?? ask.timeout);
  const before = readLastBroadcast(documents, role.name);
  const asked = { turn: ask.turn, task, role: role.name, asked: agents.length, leftOut };
  writeAudience(documents, { ...asked, at: now, deadline, expires, closed: null }, agents);
  const { round, decision, resumed, cause } = ask;
  const facts = {
    turn,
    attempt: 1,
    round,
    lease: makeAudienceLease(ask.turn),
    deadline,
    decision: readDecisionOf(documents, decision),
    ...(resumed && { resumed }),
  };
  mailTurn(services, {
    ...{ task, role, agents, cause, now, name: `${turn}.asked`, expires: Math.max(expires, deadline) },
    data: makeTurn(documents, role, began, facts),
    // Agents that have not seen the role's last turn need only this one.
    ...(before && { ends: makeTurnId(before.task, before.turn) }),
  });
  services.project({ table: "audience", thread: began.thread, agents });
}

/** The thread was called off: in the machine's transaction, whoever still has a turn of it is told. */
export function revokeAudience({ services, now }: Pick<ThreadScope, "services" | "now">, status: string, cause: string): void {
  const { thread } = readTaskStart(services.documents);
  for (const { broadcast, agents } of revokeAll(services.documents, status, now)) {
    const turn = makeTurnId(broadcast.task, broadcast.turn);
    const event: CloudEvent = makeThreadEvent(thread, `${turn}.revoked`, "nerve.turn.revoked", cause, now, { turn, reason: status });
    services.log(event, thread);
    services.mail(agents, createMail({ channel: "my", event, ends: turn }), `task/${broadcast.task}`);
  }
}
