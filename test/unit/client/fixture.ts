/** A fake server with agents connected to it, taken down after the test. */
import { onTestFinished } from "vitest";
import { type Agent, type AgentOptions, connectAgent, type Note } from "../../../src/client/index.ts";
import type { Json } from "../../../src/contract/event.ts";
import { type FakeServer, startFakeServer, token } from "./fake-server.ts";
import { isManual } from "./manual-clock.ts";
import { createSignal } from "./signal.ts";

export interface Fixture {
  server: FakeServer;
  /** Connects an agent with the fixture's server and shortest delays. */
  connect(options?: Partial<AgentOptions>): Agent & { notes: Note[]; noted(what: string, times?: number): Promise<void> };
}

export async function createFixture(): Promise<Fixture> {
  const server = await startFakeServer();
  onTestFinished(() => server.stop());
  return {
    server,
    connect(options = {}) {
      const notes: Note[] = [];
      const signal = createSignal();
      const onNote = (note: Note) => {
        notes.push(note);
        signal.notify();
      };
      const agent = connectAgent({ url: server.url, token, random: () => 0, onNote, ...options });
      onTestFinished(async () => {
        let closed = false;
        const closing = agent.close({ release: false }).finally(() => {
          closed = true;
        });
        // A clock that stands still would have closing wait for ever.
        if (options.clock && isManual(options.clock)) await options.clock.runUntil(() => closed);
        await closing;
      });
      const noted = (what: string, times = 1) => signal.until(() => notes.filter((note) => note.what === what).length >= times);
      return { ...agent, notes, noted };
    },
  };
}

/** `data` of a turn. */
export function makeTurn(turn = "t1.1:1", more: { [member: string]: Json } = {}): Json {
  return {
    turn,
    lease: { generation: 1, expires: null },
    thread: "t1",
    workflow: "code-review",
    role: { name: "reviewer", schema: {} },
    prompt: "Review it.",
    round: 1,
    deadline: new Date(Date.now() + 60_000).toISOString(),
    heartbeat: { every: "30s", miss: 3 },
    event: { specversion: "1.0", id: "s1", source: "/agents/bob", type: "pr.opened", time: new Date().toISOString() },
    last: null,
    history: "/v1/threads/t1/messages",
    ...more,
  };
}

/** `data` of an offer. */
export function makeOffer(offer = "t1:0:1", more: { [member: string]: Json } = {}): Json {
  return {
    offer,
    thread: offer.split(":")[0] ?? "",
    workflow: "code-review",
    role: "reviewer",
    goal: "Say whether it may be merged.",
    requires: ["review"],
    bind: "thread",
    heartbeat: { every: "30s", miss: 3 },
    turn: { timeout: "30m" },
    expires: new Date(Date.now() + 60_000).toISOString(),
    ...more,
  };
}
