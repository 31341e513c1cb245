/**
 * What a thread itself says, on its way out: its edges' events and its own life go to their recipients and to the reflexes that
 * listen. Knows the registry and the rows, not machines.
 */
import { taskContext } from "../../../../machines/task/context.ts";
import type { CloudEvent } from "../../../contract/event.ts";
import { byItself, inOnePiece } from "../../../contract/one-piece.ts";
import type { Clock } from "../../host/ports.ts";
import type { OwnMessage } from "../../protocol/own-places.ts";
import type { ProjectionRow } from "../../protocol/projector.ts";
import type { RegistryHead } from "../../protocol/registry-head.ts";
import { trust } from "../../protocol/trust.ts";
import type { ThreadHost } from "../../protocol/typed-host.ts";
import type { Registry } from "../../registry/registry.ts";
import { type RoutedEvent, routeEvent } from "../../routing/route-event.ts";
import { readThread, type ThreadDocuments } from "../lifecycle/thread-rows.ts";

export interface OwnEventsPorts {
  address: string;
  host: ThreadHost;
  lifecycle: ThreadDocuments;
  clock: Clock;
  registry: Registry;
  /** The event in the thread's trace. */
  stamp(event: CloudEvent): CloudEvent;
  project(row: ProjectionRow): void;
  /** The registry's version as it was at a time or after; undefined: it is to be asked. */
  findHead(time: number): Promise<RegistryHead | undefined>;
}

export interface OwnEvents {
  /** An edge's event. @returns the writes of its commit */
  publish(message: OwnMessage<"publish">): Promise<() => void>;
  /**
   * An event of the thread's life, which is logged and told to its holders already.
   * @returns the writes of its commit; undefined: nobody listens, and nothing needs one
   */
  route(message: OwnMessage<"route">): Promise<(() => void) | undefined>;
}

/** The actor by whose step an edge's event was named. What earlier versions left in an outbox says it by nothing else. */
function readEdgeActor(id: string): string | undefined {
  return /^(.+)\.\d+\.emit\.\d+$/.exec(id)?.[1];
}

export function createOwnEvents({ address, host, lifecycle, clock, registry, stamp, project, findHead }: OwnEventsPorts): OwnEvents {
  function describeSender(event: CloudEvent) {
    const thread = byItself(event.source.slice("/threads/".length));
    return { id: thread, capabilities: [], roles: null, kinds: null };
  }

  function send(routed: RoutedEvent): void {
    for (const { receivers, message } of routed.messages) host.committer.outbox.append(receivers, message);
    for (const follows of routed.emitted) project({ table: "event", ...follows });
  }

  async function publish(message: OwnMessage<"publish">): Promise<() => void> {
    const event = stamp(message.event);
    const sender = describeSender(event);
    const { to, ...undirected } = event;
    const named = to === undefined ? undefined : await nameHolders(to, message.task ?? readEdgeActor(event.id));
    const options = { now: clock.now() };
    let routed = await routeEvent(named ? { ...event, to: named } : undirected, sender, registry, options);
    if (!routed.ok) {
      console.warn(JSON.stringify({ at: "publish", address, type: event.type, detail: routed.problem.detail }));
      // Wrong recipients must not keep the event from workflows that listen to it.
      routed = await routeEvent(undirected, sender, registry, options);
    }
    return () => {
      project({ table: "event", event, thread: sender.id, ...(routed.ok && { routing: routed.value.routing }) });
      if (routed.ok) send(routed.value);
    };
  }

  async function route(message: OwnMessage<"route">): Promise<(() => void) | undefined> {
    const event = stamp(message.event);
    const sender = describeSender(event);
    const own = readThread(lifecycle)?.workflow;
    const { sentTo = [] } = message;
    const head = await findHead(Date.parse(event.time ?? ""));
    const routed = await routeEvent(event, sender, registry, {
      ...{ now: clock.now(), sentTo },
      ...(own !== undefined && { own }),
      ...(head && { head }),
    });
    if (!routed.ok) return undefined;
    const { routing, messages, emitted } = routed.value;
    if (!routing.verdicts.length && !messages.length && !emitted.length) return undefined;
    return () => {
      project({ table: "event", event, thread: sender.id, routing });
      send(routed.value);
    };
  }

  /** `role:x` is whoever holds the role now; one that nobody holds is left out. @param task the actor that knows */
  async function nameHolders(to: string, task: string | undefined): Promise<string> {
    if (!to.includes("role:")) return to;
    const actor = task === undefined ? undefined : await host.peek(task);
    const seats = actor ? trust(taskContext, actor.context).seats : {};
    return to
      .split(",")
      .map((part) => part.trim())
      .flatMap((part) => {
        if (!part.startsWith("role:")) return [part];
        const role = part.slice("role:".length);
        const agent = Object.hasOwn(seats, role) ? seats[role]?.agent : undefined;
        return agent ? [inOnePiece(`agents/${agent}`)] : [];
      })
      .join(",");
  }

  return { publish, route };
}
