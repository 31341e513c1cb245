/** What an edge publishes, by the messages that an object finds in its outbox. */
import { expect, test } from "vitest";
import type { TaskContext } from "../../../../machines/task/context.ts";
import type { CloudEvent } from "../../../../src/contract/event.ts";
import type { ThreadHost } from "../../../../src/durable/protocol/typed-host.ts";
import type { Registry } from "../../../../src/durable/registry/registry.ts";
import { createSubscriptionSet } from "../../../../src/durable/registry/subscription-set.ts";
import type { ThreadDocuments } from "../../../../src/durable/thread/lifecycle/thread-rows.ts";
import { createOwnEvents } from "../../../../src/durable/thread/log/own-events.ts";

const registry: Registry = {
  reflexes: async () => [],
  listeners: async () => ({ reflexes: [], subscribers: createSubscriptionSet(new Map()).find }),
  revision: async () => undefined,
  pastTurns: async () => ({ role: [], overall: [] }),
  agents: async () => [],
  cards: async (ids) => ids.map((id) => ({ id, capabilities: [], roles: null, kinds: null })),
};

const context: TaskContext = {
  ...{ start: "new", base: 0, round: 2, seats: { writer: { agent: "ann", generation: 1 } }, unfilled: {}, open: null, retries: 0 },
  ...{ invalid: 0, audience: null, children: null, suspendAsked: false, resumed: null, reason: null, outcome: null },
};

/** Publishes what an edge of the actor `t1.1.2` says to the role writer, and gives who gets it. */
async function publish(message: { task?: string; id: string }): Promise<string[]> {
  const receivers: string[] = [];
  const host = {
    peek: async (actor: string) => (actor === "t1.1.2" ? { context } : undefined),
    committer: { outbox: { append: (to: string[]) => receivers.push(...to) } },
  } as unknown as ThreadHost;
  const events = createOwnEvents({
    ...{ address: "task/t1.1.2", host, lifecycle: {} as ThreadDocuments, registry },
    clock: { now: () => 1_800_000_000_000 },
    stamp: (event: CloudEvent) => event,
    project: () => {},
    findHead: async () => undefined,
  });
  const event = {
    specversion: "1.0" as const,
    id: message.id,
    source: "/threads/t1",
    type: "page.unclear",
    to: "role:writer",
    time: "2027-01-15T08:00:00Z",
  };
  const write = await events.publish({ type: "publish", event, ...(message.task !== undefined && { task: message.task }) });
  write();
  return receivers;
}

test("[OWN8] an edge's event to a role reaches its holder also where an earlier version left it in the outbox, without the actor's name", async () => {
  expect(await publish({ task: "t1.1.2", id: "t1.1.2.7.emit.0" })).toEqual(["agent/ann"]);
  expect(await publish({ id: "t1.1.2.7.emit.0" })).toEqual(["agent/ann"]);
  expect(await publish({ task: "t1.9.9", id: "t1.1.2.7.emit.0" })).toEqual([]);
});
