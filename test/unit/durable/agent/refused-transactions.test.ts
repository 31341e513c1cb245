/** What an agent's object has noted when its store refuses a transaction, at its beginning or later. */
import { beforeEach, expect, test } from "vitest";
import type { InboxItem } from "../../../../src/contract/frames/server-frames.ts";
import { succeed } from "../../../../src/contract/problem.ts";
import { type AgentCore, createAgentCore } from "../../../../src/durable/agent/agent-core.ts";
import { createNodeStorage, type NodeStorage } from "../../../../src/durable/host/storage/node-storage.ts";
import { createMail } from "../../../../src/durable/protocol/agent.ts";
import type { OpenOffer } from "../../../../src/durable/protocol/board.ts";
import type { Envelope } from "../../../../src/durable/protocol/envelope.ts";

const now = 1_800_000_000_000;
const time = new Date(now).toISOString();
const thread = "taaaaaaaaaaaaaaaaaaaaaaaaa";
const offer = `${thread}:1:1`;
const principal = { operator: "admin" };
const source = `/threads/${thread}`;

const opened: OpenOffer = {
  offer,
  event: {
    ...{ specversion: "1.0" as const, id: `${offer}.opened`, source, type: "nerve.offer.opened", time },
    data: { offer, thread, role: "r", heartbeat: { every: "30s", miss: 3 } },
  },
  expires: now + 600_000,
  terms: { workflow: "w", role: { name: "r", eligibility: { all: [], notAgents: [] } } },
};

let storage: NodeStorage;

beforeEach(() => {
  storage = createNodeStorage();
});

/** @param offers what is on the board */
function wake(offers: OpenOffer[] = []): AgentCore {
  const core = createAgentCore("alice", {
    world: {
      address: "agent/alice",
      storage,
      clock: { now: () => now },
      scheduler: { background: (work) => void work.catch(() => {}) },
      transport: { deliver: async () => ({ status: "stored" }) },
    },
    board: { attend: async () => ({ offers, closed: [], over: [], young: false }), leave: async () => {} },
    registry: {
      reflexes: async () => [],
      revision: async () => undefined,
      agents: async () => [],
      pastTurns: async () => ({ role: [], overall: [] }),
      cards: async () => [],
    },
    threadActor: () => ({ take: async () => succeed({ id: "x", status: "accepted", threads: [], notes: [] }) }),
    project: async () => undefined,
    settle: () => Promise.resolve(),
    later: () => {},
    countCommit: () => {},
    connections: () => ({ count: 0 }),
  });
  core.register({ id: "alice", capabilities: [], roles: null, kinds: null });
  return core;
}

function attach(core: AgentCore): InboxItem[] {
  const given: InboxItem[] = [];
  const give = (item: InboxItem): void => void given.push(item);
  core.mailbox.attach({ channels: ["open"], through: 0, held: new Map(), caughtUp: false, ready: () => true, give, note: () => {} });
  return given;
}

function makeMail(id: number, more: { claim?: string } = {}): Envelope {
  const event = { specversion: "1.0" as const, id: `mail-${id}`, source, type: "a.b", time };
  return { from: `task/${thread}`, id, to: "agent/alice", message: { ...createMail({ channel: "my", event }), ...more } };
}

/** The store refuses the next transaction, before anything is done in it. */
function refuseNext(): void {
  const { transaction } = storage;
  storage.transaction = () => {
    storage.transaction = transaction;
    throw new Error("database is locked: SQLITE_BUSY");
  };
}

test("[STORE13] a claim that was written takes one slot still, though the store refuses a transaction after it, and none once its verdict came", async () => {
  const core = wake();
  core.hint({ opened, closed: [] });
  const claim = { id: "claim", type: "nerve.offer.claim", data: { offer } };
  refuseNext();
  await core.accept(principal, [claim]);
  expect(core.showPresence().used, "it counts before it is written").toBe(1);
  await core.accept(principal, [claim]);
  async function refuse(id: number): Promise<void> {
    refuseNext();
    await expect(core.deliver(makeMail(id))).rejects.toThrow("SQLITE_BUSY");
  }
  await refuse(1);
  expect(core.showPresence().used).toBe(1);
  await core.deliver(makeMail(1, { claim: offer }));
  await refuse(2);
  expect([core.showPresence().used, wake().showPresence().used]).toEqual([0, 0]);
});

test("[STORE13] an offer that was acknowledged while the store refused is stored so when it is acknowledged again", async () => {
  const core = wake();
  const given = attach(core);
  core.hint({ opened, closed: [] });
  const seqs = given.map(({ seq }) => seq);
  const { exec } = storage;
  storage.exec = (sql, ...values) => {
    if (sql.startsWith("INSERT")) throw new Error("database or disk is full: SQLITE_FULL");
    return exec(sql, ...values);
  };
  await expect(core.ack(principal, { seqs })).rejects.toThrow("SQLITE_FULL");
  storage.exec = exec;
  expect(await core.ack(principal, { seqs })).toMatchObject({ ok: true });
  const again = wake([opened]);
  const next = attach(again);
  again.connected();
  await new Promise((resolve) => setImmediate(resolve));
  expect(next).toEqual([]);
});
