/**
 * Where an accepted event leads: to the agents that it names, and to the workflows whose reflexes take it. Decided once,
 * at acceptance, and stored with it. Knows the registry, not the store.
 */
import { evaluateReflex, matchesKind } from "../../compile/decide/reflex.ts";
import { checkSchema } from "../../wire/check-schema.ts";
import type { CloudEvent, Json } from "../../wire/event.ts";
import { limits } from "../../wire/limits.ts";
import { type Result, refuse, succeed } from "../../wire/problem.ts";
import { createMail } from "../mail.ts";
import type { PublishedReflexes, Registry } from "../registry.ts";
import type { AgentCard, Message } from "../rpc.ts";
import { makeThreadId } from "../thread/thread-id.ts";

export interface RoutedEvent {
  threads: string[];
  notes: string[];
  messages: { receivers: string[]; message: Message }[];
}

/** Agents that one event may reach: a lane is held until all have stored it. */
const recipientsAtMost = 1_000;

export async function routeEvent(event: CloudEvent, sender: AgentCard, registry: Registry): Promise<Result<RoutedEvent>> {
  const routed: RoutedEvent = { threads: [], notes: [], messages: [] };
  if (event.to !== undefined) {
    const recipients = await readRecipients(event.to, sender, registry);
    if (!recipients.ok) return recipients;
    if (recipients.value.length)
      routed.messages.push({ receivers: recipients.value.map((id) => `agent/${id}`), message: createMail({ channel: "my", event }) });
    else routed.notes.push("`to` names no agent.");
  }
  for (const published of await registry.reflexes()) await applyReflexes(event, sender, published, routed);
  return succeed(routed);
}

async function applyReflexes(event: CloudEvent, sender: AgentCard, published: PublishedReflexes, routed: RoutedEvent): Promise<void> {
  for (const [place, reflex] of published.reflexes.entries()) {
    if (!matchesKind(reflex.on, event.type)) continue;
    const { workflow, revision } = published;
    const note = (text: string): void => void routed.notes.push(`${workflow}: ${text}`);
    const result = await evaluateReflex(reflex, { ...event, agent: sender.id });
    if (!result.ok) {
      note(result.error.message);
      continue;
    }
    const { verdict } = result;
    if (!verdict.fires) {
      note(verdict.why === "key" ? verdict.message : "its `when` is not met");
      continue;
    }
    if (reflex.kind === "workflow") {
      const misfits = published.input === null ? [] : checkSchema(published.input, event.data ?? null);
      if (misfits.length) {
        note(`the data does not fit its input: ${misfits.map(({ path, message }) => `${path || "data"} ${message}`).join("; ")}`);
        continue;
      }
      const thread = await makeThreadId(event.source, event.id, workflow, place);
      routed.threads.push(thread);
      routed.messages.push({
        receivers: [`workflow/${workflow}`],
        message: {
          type: "admit",
          thread,
          workflow,
          revision,
          event: event as unknown as Json,
          initiator: sender.id,
          key: verdict.key,
          priority: verdict.priority,
        },
      });
    } else if (reflex.kind === "signal") {
      routed.messages.push({
        receivers: [`workflow/${workflow}`],
        message: { type: "signal", signal: reflex.signal, key: verdict.key, event: event as unknown as Json },
      });
    }
  }
}

async function readRecipients(to: string, sender: AgentCard, registry: Registry): Promise<Result<string[]>> {
  const ids = new Set<string>();
  const named: string[] = [];
  for (const part of to.split(",").map((each) => each.trim())) {
    if (part.startsWith("agents/")) named.push(part.slice("agents/".length));
    else if (part === "*" || part.startsWith("cap:")) {
      for (let after = ""; ; ) {
        const page = await registry.agents({
          capabilities: part === "*" ? [] : [part.slice("cap:".length)],
          ...(after && { after }),
          limit: limits.pageMax,
        });
        for (const { id } of page) if (id !== sender.id) ids.add(id);
        const last = page.at(-1);
        if (page.length < limits.pageMax || !last || ids.size > recipientsAtMost) break;
        after = last.id;
      }
    } else return refuse("malformed", `\`to\` takes *, agents/<id> and cap:<capability>, separated by commas; not ${part}.`);
  }
  const known = named.length ? await registry.cards(named) : [];
  const unknown = named.find((id) => !known.some((card) => card.id === id));
  if (unknown !== undefined) return refuse("not_found", `There is no agent ${unknown}.`);
  for (const { id } of known) ids.add(id);
  if (ids.size > recipientsAtMost)
    return refuse("too_large", `An event reaches at most ${recipientsAtMost} agents.`, { limit: recipientsAtMost });
  return succeed([...ids]);
}
