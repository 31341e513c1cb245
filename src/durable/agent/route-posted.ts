/**
 * Where an event that somebody posted leads, as far as its sender has a say: a thread that it takes no part in is left out of it, and
 * a mailbox that has no room is not sent it. Knows ports, not the store.
 */
import type { CloudEvent } from "../../contract/event.ts";
import { countBytes } from "../../contract/limits.ts";
import { type Result, refuse, succeed } from "../../contract/problem.ts";
import { createMail } from "../protocol/agent.ts";
import type { Sent } from "../protocol/typed-host.ts";
import type { Registry } from "../registry/registry.ts";
import { describeUndelivered } from "../routing/describe-undelivered.ts";
import type { FindHolders } from "../routing/find-recipients.ts";
import { type RoutedEvent, routeEvent } from "../routing/route-event.ts";
import { agentLimits } from "./agent-schema.ts";
import type { Identity } from "./identity.ts";
import { isThreadName } from "./read-thread-address.ts";

export interface RoutePostedPorts {
  registry: Registry;
  now(): number;
  /** Who holds the roles of a thread, as far as `viewer` may know; absent: nobody can be asked. */
  holders: ((thread: string, viewer: string | null) => Promise<Result<{ [role: string]: string | null }>>) | undefined;
  /** Whether the sender has begun the thread just now: it may not be there yet. */
  hasBegun(thread: string): boolean;
  /** Why an agent's mailbox would refuse an event of the source, null where it would not. Absent: nobody can be asked. */
  askRoom: ((agent: string, source: string, bytes: number) => Promise<string | null>) | undefined;
}

/** The event as it is kept, and where it leads. */
export interface RoutedPost {
  event: CloudEvent;
  routed: Result<RoutedEvent>;
}

export async function routePosted(sender: Identity, posted: CloudEvent, ports: RoutePostedPorts): Promise<RoutedPost> {
  const viewer = sender.source.startsWith("/operators/") ? null : sender.card.id;
  const findHolders: FindHolders = async (thread) =>
    isThreadName(thread) && ports.holders ? ports.holders(thread, viewer) : refuse("not_found", `There is no thread ${thread}.`);
  const { correlationid, ...rest } = posted;
  const isStrange = ports.holders !== undefined && viewer !== null && (await namesStrangeThread(posted, findHolders, ports.hasBegun));
  const event = isStrange ? (rest as CloudEvent) : posted;
  const routed = await routeEvent(event, sender.card, ports.registry, { now: ports.now(), findHolders });
  if (!routed.ok) return { event, routed };
  if (isStrange)
    routed.value.notes.unshift(`You take no part in a thread ${correlationid}: the event was taken without this correlationid.`);
  return { event, routed: succeed(await leaveOutFull(event, routed.value, ports)) };
}

/** What is logged of a thread is of those who take part in it. */
async function namesStrangeThread(
  { correlationid, to }: CloudEvent,
  findHolders: FindHolders,
  hasBegun: (thread: string) => boolean,
): Promise<boolean> {
  if (correlationid === undefined || !isThreadName(correlationid) || hasBegun(correlationid)) return false;
  // `role:` recipients are refused where the sender may not see the thread.
  if (to?.includes("role:")) return false;
  const found = await findHolders(correlationid);
  if (!found.ok && found.problem.code !== "not_found") throw new Error(found.problem.detail);
  return !found.ok;
}

/** Leaves out recipients whose mailbox is full, and tells the sender and the log at once. */
async function leaveOutFull(event: CloudEvent, routed: RoutedEvent, { askRoom, now }: RoutePostedPorts): Promise<RoutedEvent> {
  const asked = routed.routing.recipients.slice(0, agentLimits.roomAsked);
  if (!askRoom || !asked.length) return routed;
  const bytes = countBytes(JSON.stringify(event));
  const answers = await Promise.all(
    // If a mailbox can't be asked, send the event: the mailbox refuses it itself if it must.
    asked.map(async (agent) => ({ agent, why: await askRoom(agent, event.source, bytes).catch(() => null) })),
  );
  const full = new Map(answers.flatMap(({ agent, why }) => (why === null ? [] : [[`agent/${agent}`, why]])));
  if (!full.size) return routed;
  const message = createMail({ channel: "my", event, receipt: true });
  const told = await Promise.all(
    [...full].map(([to, detail]) => describeUndelivered({ to, message, code: "mailbox_full", detail }, now())),
  );
  return {
    ...routed,
    messages: routed.messages.flatMap((each): RoutedEvent["messages"] => {
      if (!isMailOf(each, event)) return [each];
      const receivers = each.receivers.filter((to) => !full.has(to));
      return receivers.length ? [{ ...each, receivers }] : [];
    }),
    notes: [
      ...[...full].map(([to, why]) => `agents/${to.slice("agent/".length)}: not delivered, its mailbox has no room (${why}).`),
      ...routed.notes,
    ],
    emitted: [
      ...routed.emitted,
      ...told.flatMap((each) =>
        each ? [{ event: each, thread: each.correlationid ?? null, routing: { verdicts: [], recipients: [] } }] : [],
      ),
    ],
  };
}

function isMailOf(sent: RoutedEvent["messages"][number], { id, source }: CloudEvent): sent is Sent<"agent"> {
  return sent.message.type === "mail" && sent.message.event.id === id && sent.message.event.source === source;
}
