/** An agent's clock with a clock that moves by hand: silence, its parts, restarts and jumps. */
import { beforeEach, describe, expect, test } from "vitest";
import { openAgentDocuments } from "../../../../src/durable/agent/agent-documents.ts";
import { type Assignments, createAssignments } from "../../../../src/durable/agent/presence/assignments.ts";
import { createPresence, type Presence } from "../../../../src/durable/agent/presence/presence.ts";
import { presenceLimits } from "../../../../src/durable/agent/presence/presence-limits.ts";
import { createNodeStorage, type NodeStorage } from "../../../../src/durable/host/storage/node-storage.ts";
import { createStore, type Store } from "../../../../src/durable/host/store/store.ts";
import type { Mail } from "../../../../src/durable/protocol/agent.ts";
import type { ProjectionRow } from "../../../../src/durable/protocol/projector.ts";

let storage: NodeStorage;
let store: Store;
let now: number;
let connections: { count: number; pinged?: number };
let told: string[];
let states: string[];
let commits: number;
let assignments: Assignments;
let presence: Presence;

beforeEach(() => {
  storage = createNodeStorage();
  now = 1_800_000_000_000;
  connections = { count: 0 };
  told = [];
  states = [];
  commits = 0;
  wake();
});

/** A life of the object: memory is new, documents are not. */
function wake(): void {
  store = createStore(storage, "agent/alice");
  const documents = openAgentDocuments(store);
  assignments = createAssignments(documents);
  const commit = (body: () => void): void => {
    commits += 1;
    store.transaction(() => {
      if (assignments.writeClaims()) presence.noteParts(false);
      body();
      presence.beforeCommit();
    });
  };
  presence = createPresence("alice", {
    presences: documents.presences,
    clock: { now: () => now },
    assignments,
    connections: () => connections,
    commit,
    tell: (threads, { type, role, generation }) =>
      void told.push(`${type} ${role} ${generation ?? "claim"} in ${threads.toSorted().join(",")}`),
    project: (row) => void states.push((row as Extract<ProjectionRow, { table: "presence" }>).state),
  });
}

function take(mail: Partial<Mail>): void {
  commits += 1;
  store.transaction(() => {
    if (assignments.writeClaims()) presence.noteParts(false);
    assignments.note(mail as Mail, now);
    presence.noteParts(mail.seat?.lost === true);
    presence.beforeCommit();
  });
}

function hold(thread: string, more: Partial<NonNullable<Mail["seat"]>> = {}): void {
  const seat = {
    thread,
    workflow: "w",
    role: "reviewer",
    type: "open" as const,
    generation: 1,
    held: true,
    every: 30_000,
    silence: 90_000,
    grace: 60_000,
  };
  take({ seat: { ...seat, ...more } });
}

/** Moves the clock and rings the alarm whenever it is due. @returns how often it rang */
function pass(milliseconds: number): number {
  const until = now + milliseconds;
  let rung = 0;
  for (;;) {
    const due = presence.due();
    if (due === undefined || due > until) break;
    now = Math.max(now, due);
    rung += 1;
    presence.check();
    if (rung > 100) throw new Error("the alarm rings again and again");
  }
  now = until;
  return rung;
}

describe("silence", () => {
  test("[LIVE11] makes an agent away from each thread, once, and a sign of life makes it be back, once", () => {
    presence.hear();
    hold("t1");
    hold("t2");
    hold("t3", { role: "author", generation: 4 });
    pass(89_999);
    expect(told).toEqual([]);
    pass(1);
    expect(told).toEqual(["agent.away reviewer 1 in t1,t2", "agent.away author 4 in t3"]);
    pass(30_000);
    expect(told).toHaveLength(2);
    presence.hear();
    expect(told.slice(2).toSorted()).toEqual(["agent.back author 4 in t3", "agent.back reviewer 1 in t1,t2"]);
    presence.hear();
    expect(told).toHaveLength(4);
    expect(states).toEqual(["online", "away", "online"]);
  });

  test("[LIVE11] counts for each role by its own heartbeat", () => {
    presence.hear();
    hold("t1", { role: "quick", silence: 3_000 });
    hold("t1", { role: "patient", silence: 90_000 });
    pass(3_000);
    expect(told).toEqual(["agent.away quick 1 in t1"]);
    pass(87_000);
    expect(told).toEqual(["agent.away quick 1 in t1", "agent.away patient 1 in t1"]);
  });

  test("[LIVE12] of an agent that is away for its grace too makes it lost, and its alarm silent", () => {
    presence.hear();
    hold("t1");
    pass(150_000);
    expect(states).toEqual(["online", "away", "lost"]);
    expect(presence.show()).toMatchObject({ state: "lost", seats: 1 });
    expect(pass(86_400_000)).toBe(0);
    presence.hear();
    expect(presence.show().state).toBe("online");
  });

  test("[LIVE12] of one that is waited for ends in no loss", () => {
    presence.hear();
    hold("t1", { grace: null, type: "named" });
    pass(86_400_000);
    expect(states).toEqual(["online", "away"]);
    expect(presence.findExpiry({ silence: 90_000, grace: null, since: 0 })).toBeNull();
  });

  test("[LIVE13] begins at the earliest when the role was given: a role for an agent that was never seen has its time", () => {
    hold("t1", { type: "named" });
    pass(89_999);
    expect(told).toEqual([]);
    pass(1);
    expect(told).toEqual(["agent.away reviewer 1 in t1"]);
  });

  test("[LIVE13] includes a claim whose verdict is to come", () => {
    presence.hear();
    assignments.reserve({ offer: "t9:0:1", thread: "t9", role: "judge", silence: 6_000, at: now });
    expect(assignments.countUsed(), "it counts before it is written").toBe(1);
    take({});
    expect(assignments.isUnwritten("t9:0:1")).toBe(false);
    pass(6_000);
    expect(told).toEqual(["agent.away judge claim in t9"]);
    presence.hear();
    expect(told, "a claim that was dropped is not taken up again").toHaveLength(1);
    take({ claim: "t9:0:1" });
    expect(assignments.any()).toBe(false);
  });
});

describe("signs of life", () => {
  test("[LIVE14] cost a commit only now and then", () => {
    presence.hear();
    hold("t1");
    const before = commits;
    for (let second = 0; second < 300; second++) {
      now += 1_000;
      presence.hear();
    }
    expect(commits - before).toBeLessThanOrEqual(10);
    expect(told).toEqual([]);
  });

  test("[LIVE14] by ping cost none, and are read when the alarm rings", () => {
    connections = { count: 1, pinged: now };
    presence.noteConnected();
    hold("t1");
    for (let window = 0; window < 10; window++) {
      connections.pinged = now + 80_000;
      pass(90_000);
    }
    expect(told).toEqual([]);
    pass(90_000);
    expect(told).toEqual(["agent.away reviewer 1 in t1"]);
    // The same socket: it was half open, and pings go on.
    connections.pinged = now + 50_000;
    pass(100_000);
    expect(told).toEqual(["agent.away reviewer 1 in t1", "agent.back reviewer 1 in t1"]);
  });

  test("[LIVE15] without any role, while connected, need no alarm; without a connection the last makes the agent away", () => {
    connections = { count: 1 };
    presence.noteConnected();
    expect(pass(86_400_000)).toBe(0);
    connections = { count: 0 };
    presence.noteDisconnected(now);
    expect(pass(presenceLimits.idle - 1)).toBe(0);
    pass(1);
    expect(states).toEqual(["online", "away"]);
    expect(pass(86_400_000)).toBe(0);
  });

  test("[LIVE15] by polls, without any role, keep the agent online", () => {
    for (let poll = 0; poll < 20; poll++) {
      presence.hear();
      pass(25_000);
    }
    expect(states).toEqual(["online"]);
    pass(90_000);
    expect(states).toEqual(["online", "away"]);
  });
});

describe("a new life of the object", () => {
  test("[LIVE16] between two alarms changes nothing for one whose pings outlive it", () => {
    connections = { count: 1, pinged: now };
    presence.noteConnected();
    hold("t1");
    for (let step = 0; step < 8; step++) {
      wake();
      pass(11_250);
    }
    expect(told).toEqual(["agent.away reviewer 1 in t1"]);
  });

  test("[LIVE16] grants back what may have been heard and not written, and no more", () => {
    presence.hear();
    hold("t1");
    now += 25_000;
    presence.hear();
    wake();
    pass(90_000);
    expect(told, "heard at 25 s, which the life before took along").toEqual([]);
    pass(30_000);
    expect(told).toEqual(["agent.away reviewer 1 in t1"]);
  });

  test("[LIVE16] that comes again and again does not put the loss off for ever", () => {
    presence.hear();
    hold("t1");
    for (let life = 0; life < 100 && told.length === 0; life++) {
      wake();
      pass(10_000);
    }
    expect(told).toEqual(["agent.away reviewer 1 in t1"]);
  });

  test("[LIVE17] after the server was down gives each part one full window", () => {
    presence.hear();
    hold("t1");
    now += 3_600_000;
    wake();
    presence.check();
    expect(told).toEqual([]);
    pass(89_999);
    expect(told).toEqual([]);
    pass(1);
    expect(told).toEqual(["agent.away reviewer 1 in t1"]);
  });

  test("[LIVE17] in which sockets vanished without notice does so too", () => {
    connections = { count: 1, pinged: now };
    presence.noteConnected();
    hold("t1");
    now += 89_000;
    connections = { count: 0 };
    wake();
    pass(80_000);
    expect(told).toEqual([]);
    pass(10_000);
    expect(told).toEqual(["agent.away reviewer 1 in t1"]);
  });

  test("[LIVE16] does not bring back who is away", () => {
    presence.hear();
    hold("t1");
    pass(100_000);
    now += 3_600_000;
    wake();
    presence.check();
    expect(told).toEqual(["agent.away reviewer 1 in t1"]);
  });
});

describe("a clock", () => {
  test("[LIVE18] that jumps ahead past the alarm gives one full window", () => {
    presence.hear();
    hold("t1");
    now += 600_000;
    presence.check();
    expect(told).toEqual([]);
    expect(presence.due()).toBe(now + 90_000);
  });

  test("[LIVE18] that goes back keeps nobody's role for ever", () => {
    presence.hear();
    hold("t1");
    now -= 3_600_000;
    // Whatever the object does next sets the alarm anew.
    take({});
    expect(presence.due()).toBe(now + 90_000);
    pass(90_000);
    expect(told).toEqual(["agent.away reviewer 1 in t1"]);
  });

  test("[LIVE18] that goes back while an agent speaks counts from there", () => {
    presence.hear();
    hold("t1");
    now -= 3_600_000;
    presence.hear();
    pass(60_000);
    presence.hear();
    pass(89_000);
    expect(told).toEqual([]);
    pass(1_000);
    expect(told).toEqual(["agent.away reviewer 1 in t1"]);
  });
});

test("[LIVE19] thousands of roles are told in pieces, each role once", () => {
  presence.hear();
  store.transaction(() => {
    for (let index = 0; index < 3_000; index++)
      assignments.note(
        {
          seat: {
            thread: `t${index}`,
            workflow: "w",
            role: "r",
            type: "open",
            generation: 1,
            held: true,
            every: 30_000,
            silence: 90_000,
            grace: null,
          },
        } as Mail,
        now,
      );
    presence.noteParts(false);
    presence.beforeCommit();
  });
  const counts = (type: string): number =>
    told.filter((line) => line.startsWith(type)).reduce((sum, line) => sum + line.split(",").length, 0);
  now += 90_000;
  presence.check();
  expect(counts("agent.away")).toBe(presenceLimits.partsAtOnce);
  pass(1_000);
  expect(counts("agent.away")).toBe(3_000);
  presence.hear();
  pass(1_000);
  expect(counts("agent.back")).toBe(3_000);
  expect(states).toEqual(["online", "away", "online"]);
});

test("[LIVE19] a role that ends is told no more; a lost one says so of the agent", () => {
  presence.hear();
  hold("t1");
  hold("t2");
  take({ endsThread: "t2" });
  pass(90_000);
  expect(told).toEqual(["agent.away reviewer 1 in t1"]);
  take({
    seat: {
      thread: "t1",
      workflow: "w",
      role: "reviewer",
      type: "open",
      generation: 1,
      held: false,
      every: 1,
      silence: 1,
      grace: 1,
      lost: true,
    },
  });
  expect(states).toEqual(["online", "away", "lost"]);
  expect(pass(86_400_000)).toBe(0);
});

test("[LIVE21] a lease lapses after its silence and its grace, from the last sign on", () => {
  presence.hear();
  hold("t1");
  const [seat] = assignments.list();
  now += 10_000;
  expect(presence.findExpiry(seat as NonNullable<typeof seat>)).toBe(now + 140_000);
  presence.hear();
  expect(presence.findExpiry(seat as NonNullable<typeof seat>)).toBe(now + 150_000);
});
