/** A thread of the review workflow as its recruitment sees it, played by a puppet. */
import { readThreadStatus } from "../../../machines/thread-status.ts";
import { lowerRecruitment } from "../../../src/compile/lower/recruitment.ts";
import { type Puppet, restore, send, start } from "./puppet.ts";
import { codeReview, makeNode, makeRole, makeWorkflow, type RoleWish } from "./workflows.ts";

export const named = { author: { agent: "abe", generation: 1 } };

export function review(): Puppet {
  return start(lowerRecruitment(codeReview), { start: "new", seats: named });
}

export function claim(puppet: Puppet, agent: string, facts: object = {}) {
  const context = restore(puppet).context as { offers: Record<string, number> };
  const role = "role" in facts ? String(facts.role) : (Object.keys(context.offers)[0] ?? "");
  return send(puppet, { type: "role.claim", role, agent, offer: context.offers[role], eligible: true, ...facts });
}

export function region(puppet: Puppet, role: string): unknown {
  return (restore(puppet).value as { open: Record<string, unknown> }).open[role];
}

export function status(puppet: Puppet): string {
  return readThreadStatus(restore(puppet) as never);
}

/** A thread of one role, claimed by ann unless each of its turns is claimed anew. */
export function pair(wish: RoleWish): Puppet {
  const ir = makeWorkflow({
    roles: [makeRole(wish)],
    nodes: [makeNode("$START", { new: wish.name }), makeNode(wish.name, { done: "$END" })],
  });
  const thread = start(lowerRecruitment(ir), { start: "new", seats: {} });
  if (wish.bind === "turn") return thread;
  claim(thread, "ann");
  return thread;
}
