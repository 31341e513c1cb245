/** What a thread's events say on a terminal, how one is followed to its end, and what `top` shows. */
import { PassThrough } from "node:stream";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Api } from "../../../src/cli/lib/api.ts";
import { followThread } from "../../../src/cli/lib/live/follow-thread.ts";
import { renderHappening, renderThreadPanel, renderTop, type TopFrame } from "../../../src/cli/lib/live/render-live.ts";
import { openScreen } from "../../../src/cli/lib/live/screen.ts";
import { createTeller } from "../../../src/cli/lib/live/tell-event.ts";
import { createTerminal } from "../../../src/cli/lib/terminal.ts";
import type { CloudEvent, Json } from "../../../src/contract/event.ts";
import { agentKinds } from "../../../src/contract/kinds/agent-kinds.ts";
import { engineKindNames } from "../../../src/contract/kinds/engine-kind-names.ts";

const at = "2026-01-01T00:00:00.000Z";
const thread = "taaaaaaaaaaaaaaaaaaaaaaaaa";
const terminal = createTerminal({ stdout: { write: () => {} }, stderr: { write: () => {} } });
const event = (type: string, data: Json, source = `/threads/${thread}`): CloudEvent =>
  ({ specversion: "1.0", id: `${type}-${Math.random()}`, type, source, time: at, correlationid: thread, data }) as CloudEvent;

const heartbeat = { every: "30s", miss: 3 };
const offer = {
  ...{ offer: "o", thread, workflow: "review", role: "reviewer", goal: "", requires: ["coding"], bind: "thread" },
  ...{ heartbeat, turn: { timeout: "20m" }, expires: at },
};

test("[TOP2] a claim's verdict names who claimed, in the order of the claims, and a closed offer its role", () => {
  const tell = createTeller();
  const said = [
    event("nerve.offer.opened", offer),
    event("nerve.offer.claim", { offer: "o" }, "/agents/bob"),
    event("nerve.offer.claim", { offer: "o" }, "/agents/carol"),
    event("nerve.claim.accepted", { offer: "o", thread, role: "reviewer", lease: { generation: 1, expires: null }, heartbeat }),
    event("nerve.claim.rejected", { offer: "o", reason: "taken" }),
    event("nerve.offer.closed", { offer: "o", why: "filled" }),
  ].map((each) => {
    const { who, what, text } = tell(each);
    return `${who} ${what} ${text}`;
  });
  expect(said).toEqual([
    `reviewer offered to who has coding, until ${at}`,
    "bob claims reviewer",
    "carol claims reviewer",
    "bob holds reviewer",
    "carol refused reviewer: taken",
    "reviewer closed filled",
  ]);
});

test("[TOP2] every kind is told, also with data of another version, and what is hostile in it is not obeyed", () => {
  const hostile = "\u001b[2J\u202e\u009b";
  for (const type of [...engineKindNames, ...Object.keys(agentKinds), "own.kind"])
    for (const data of [null, {}, "text", { turn: hostile, lease: 1, reason: hostile, note: hostile, output: { x: hostile } }] as Json[]) {
      const line = renderHappening(terminal, createTeller()(event(type, data, `/agents/${hostile}`)), Date.parse(at));
      for (const character of [...hostile, "\n"]) if (/\p{Cc}|\u202e/u.test(character)) expect(line).not.toContain(character);
      expect(line).not.toContain("undefined");
    }
  const long = createTeller()(event("nerve.turn.respond", { turn: "t", lease: 1, output: { x: "y".repeat(250_000) } }, "/agents/bob"));
  expect(long.text.length).toBeLessThan(600);
});

const view = (status: string) => ({
  ...{ id: thread, workflow: "review", revision: "r", status, createdAt: at, updatedAt: at, round: 1, children: [] },
  ...{ event: event("pr.opened", {}), roles: { reviewer: { type: "open", agent: "bob", state: "here" } } },
  ...(status === "running" && { waiting: { for: "answer", role: "reviewer", agent: "bob", text: "", since: at, then: "it is lost" } }),
});

beforeEach(() => void vi.useFakeTimers({ now: Date.parse(at) }));
afterEach(() => void vi.useRealTimers());

/** A thread that is followed: its state, its log, and what was heard of both. */
async function follow() {
  const stage = { status: "running", asked: 0, told: [] as string[], seen: [] as string[] };
  let log: ReadableStreamDefaultController<Uint8Array> | undefined;
  const api: Api = {
    ...{ url: "", order: () => Promise.reject(new Error("no order")) },
    call: async () => {
      stage.asked += 1;
      return view(stage.status);
    },
    open: async (_path, _headers, signal) =>
      new Response(
        new ReadableStream({
          start(controller) {
            log = controller;
            signal.addEventListener("abort", () => controller.error(signal.reason));
          },
        }),
      ),
  };
  const done = followThread(
    api,
    thread,
    { happening: (_, { what }) => stage.told.push(what), thread: (each) => stage.seen.push(each.status), lost: () => {} },
    new AbortController().signal,
  );
  let position = 0;
  const say = async (type: string, data: Json) => {
    position += 1;
    log?.enqueue(
      new TextEncoder().encode(`id: ${position}\ndata: ${JSON.stringify({ position, event: event(type, data, "/agents/bob") })}\n\n`),
    );
    await vi.advanceTimersByTimeAsync(10);
  };
  await vi.advanceTimersByTimeAsync(0);
  return { stage, done, say };
}

const completed = { thread, workflow: "review", outcome: { status: "completed", role: null, output: {}, prompt: "Done." } };

test("[TOP3] a thread is followed until it has ended and what the log still had to say is told, asked twice a second at most", async () => {
  const { stage, done, say } = await follow();
  for (let count = 0; count < 100; count++) await say("nerve.turn.progress", { turn: "t", lease: 1, note: String(count) });
  // A hundred events in a second.
  expect(stage.asked).toBeGreaterThan(1);
  expect(stage.asked).toBeLessThanOrEqual(3);
  stage.status = "completed";
  await say("nerve.thread.completed", completed);
  await vi.advanceTimersByTimeAsync(1_000);
  await say("nerve.turn.respond", { turn: "t", lease: 1, output: {} });
  await vi.advanceTimersByTimeAsync(2_500);
  expect((await done).status).toBe("completed");
  expect(stage.told.slice(-2)).toEqual(["completed", "answers"]);
  expect(stage.seen.at(-1)).toBe("completed");
});

test("[TOP3] a log that is seconds behind is waited for until it has the end, and no longer than it may be behind", async () => {
  const [late, never] = [await follow(), await follow()];
  for (const { stage } of [late, never]) stage.status = "completed";
  await vi.advanceTimersByTimeAsync(12_000);
  await late.say("nerve.thread.completed", { ...completed, thread: "tbbbbbbbbbbbbbbbbbbbbbbbbb" });
  await late.say("nerve.turn.respond", { turn: "t", lease: 1, output: {} });
  await vi.advanceTimersByTimeAsync(4_000);
  await late.say("nerve.thread.completed", completed);
  await vi.advanceTimersByTimeAsync(2_500);
  expect((await late.done).status).toBe("completed");
  expect(late.stage.told).toEqual(["completed", "answers", "completed"]);
  await vi.advanceTimersByTimeAsync(15_000);
  expect((await never.done).status).toBe("completed");
});

test("[TOP4] on a terminal the panel is drawn over itself below the lines that stay, and no higher than the terminal", () => {
  const stream = Object.assign(new PassThrough(), { isTTY: true, columns: 60, rows: 5 });
  let written = "";
  stream.on("data", (chunk) => (written += chunk));
  expect(
    openScreen(
      { terminal: createTerminal({ stdout: { write: () => {} }, stderr: { write: () => {} }, json: true }), env: {}, commands: [] },
      stream,
    ),
  ).toBe(undefined);
  const screen = openScreen({ terminal, env: {}, commands: [] }, stream);
  screen?.draw(Array.from({ length: 20 }, (_, index) => `panel ${index}`));
  screen?.print("a line that stays");
  screen?.close();
  expect(written).toContain("panel 3");
  expect(written).not.toContain("panel 4");
  expect(written.indexOf("a line that stays")).toBeGreaterThan(written.indexOf("panel 0"));
});

test("[TOP5] top shows those that wait longest, the agents that are waited for, and how many do not fit", () => {
  const wait = { for: "answer", role: "reviewer", agent: "zoe", text: "", since: at, then: "" } as const;
  const frame = {
    now: "2026-01-01T00:01:05.000Z",
    status: { threads: { running: 30 }, agents: { registered: 20, online: 1 }, deadLetters: 1, log: null },
    threads: Array.from({ length: 30 }, (_, index) => ({
      ...{ id: `t${index}`, workflow: "review", status: "running", waiting: wait, reason: null },
    })),
    agents: [
      ...Array.from({ length: 19 }, (_, index) => ({ id: `a${index}`, capabilities: [], presence: null })),
      { id: "zoe", capabilities: ["x"], presence: { state: "online", at, ignores: 0 } },
    ],
    more: { threads: false, agents: true },
  } as unknown as TopFrame;
  const lines = renderTop(terminal, frame, { rows: 24, columns: 50 });
  expect(lines.length).toBeLessThanOrEqual(24);
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(50);
  const text = lines.join("\n");
  expect(text).toMatch(/t0 +review +running +1m 5s +an answer of/);
  expect(text).toMatch(/AGENT.*\nzoe +online +30/);
  expect(text).toMatch(/and \d+ more threads/);
  expect(text).toContain("and more agents");
  expect(renderThreadPanel(terminal, view("running") as never, Date.parse(frame.now)).join("\n")).toContain("reviewer (bob), for 1m 5s");
});
