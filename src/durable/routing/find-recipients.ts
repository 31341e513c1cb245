/** Whom an event is for: the agents that its `to` names, and those subscribed to its kind. Knows the registry, not mailboxes. */
import type { CloudEvent } from "../../contract/event.ts";
import { limits } from "../../contract/limits.ts";
import { type Result, refuse, succeed } from "../../contract/problem.ts";
import type { Registry } from "../registry/registry.ts";
import { workflowPrefix } from "./list-named.ts";
import { routingLimits } from "./routing-limits.ts";

/** Who holds each role of a thread, null where nobody does: as far as the sender may ask. */
export type FindHolders = (thread: string) => Promise<Result<{ [role: string]: string | null }>>;

export interface Recipients {
  agents: string[];
  notes: string[];
}

/**
 * @param sender is not sent what it says to many
 * @param subscribed to its kind
 */
export async function findRecipients(
  event: CloudEvent,
  sender: string,
  registry: Registry,
  subscribed: string[],
  findHolders?: FindHolders,
): Promise<Result<Recipients>> {
  const found = event.to === undefined ? undefined : await readAddresses(event.to, event, sender, registry, findHolders);
  if (found && !found.ok) return found;
  const agents = new Set(found?.value.agents);
  const notes = [...(found?.value.notes ?? [])];
  for (const agent of subscribed) {
    if (agent === sender) continue;
    if (agents.size >= routingLimits.recipients) {
      notes.push(`An event reaches at most ${routingLimits.recipients} agents: some that are subscribed to ${event.type} don't get it.`);
      break;
    }
    agents.add(agent);
  }
  return succeed({ agents: [...agents], notes });
}

async function readAddresses(
  to: string,
  event: CloudEvent,
  sender: string,
  registry: Registry,
  findHolders?: FindHolders,
): Promise<Result<Recipients>> {
  const ids = new Set<string>();
  const notes: string[] = [];
  const named: string[] = [];
  let starts = false;
  for (const part of to.split(",").map((each) => each.trim())) {
    if (part.startsWith(workflowPrefix)) starts = true;
    else if (part.startsWith("agents/")) named.push(part.slice("agents/".length));
    else if (part === "*" || part.startsWith("cap:")) await addAll(part === "*" ? [] : [part.slice("cap:".length)], ids, sender, registry);
    else if (part.startsWith("role:")) {
      const role = part.slice("role:".length);
      const holder = await findHolder(role, event.correlationid, findHolders);
      if (!holder.ok) return holder;
      if (holder.value === null) notes.push(`Nobody holds the role ${role} now.`);
      else ids.add(holder.value);
    } else
      return refuse(
        "malformed",
        `\`to\` takes *, agents/<id>, cap:<capability>, role:<name> and workflows/<name>, separated by commas; not ${part.slice(0, 128)}.`,
      );
    if (ids.size > routingLimits.recipients) break;
  }
  const known = named.length ? await registry.cards([...new Set(named)]) : [];
  const unknown = named.find((id) => !known.some((card) => card.id === id));
  if (unknown !== undefined) return refuse("not_found", `There is no agent ${unknown.slice(0, 128)}.`);
  for (const { id } of known) ids.add(id);
  if (ids.size > routingLimits.recipients)
    return refuse("too_large", `An event reaches at most ${routingLimits.recipients} agents.`, { limit: routingLimits.recipients });
  if (!ids.size && !notes.length && !starts) notes.push("`to` names no agent.");
  return succeed({ agents: [...ids], notes });
}

async function addAll(capabilities: string[], ids: Set<string>, sender: string, registry: Registry): Promise<void> {
  for (let after = ""; ; ) {
    const page = await registry.agents({ capabilities, ...(after && { after }), limit: limits.pageMax });
    for (const { id } of page) if (id !== sender) ids.add(id);
    const last = page.at(-1);
    if (page.length < limits.pageMax || !last || ids.size > routingLimits.recipients) return;
    after = last.id;
  }
}

async function findHolder(role: string, thread: string | undefined, findHolders?: FindHolders): Promise<Result<string | null>> {
  if (thread === undefined) return refuse("malformed", `role:${role} is a role of a thread: say of which by \`correlationid\`.`);
  const holders = await findHolders?.(thread);
  if (!holders) return refuse("malformed", `role:${role} can't be asked for here.`);
  if (!holders.ok) return holders;
  const holder = Object.hasOwn(holders.value, role) ? holders.value[role] : undefined;
  return holder === undefined ? refuse("not_found", `The thread ${thread} has no role ${role.slice(0, 128)}.`) : succeed(holder);
}
