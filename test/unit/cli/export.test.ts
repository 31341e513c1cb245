/** `nerveflare export`: what is asked of a server, what is written, and what is said where a part of the thread is gone. */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { ReplayStep } from "../../../src/replay/replay.ts";
import { openWorkflow } from "../../../src/testing/open-workflow.ts";
import { createFolder, fine, run } from "./run.ts";

const { folder, write } = createFolder();
const id = `t${"a".repeat(25)}`;
const at = (second: number): string => `2026-11-20T12:00:${String(second).padStart(2, "0")}Z`;
const source = fine.replace("const: done }", "const: done }, note: { type: string }").replace('"It is done."', '"It is done: {{ note }}."');
const event = { specversion: "1.0", id: "e1", source: "/agents/ann", type: "a.b", time: at(0), data: { n: 1 } };
const thread = {
  id,
  workflow: "fine",
  revision: "abcdef0123",
  status: "completed",
  createdAt: at(0),
  updatedAt: at(9),
  event,
  roles: {},
  round: 1,
  children: [],
};
const message = {
  round: 1,
  role: "worker",
  agent: "bob",
  output: { $status: "done", note: "private" },
  at: at(5),
  decision: { to: "$END", prompt: "It is done: private.", because: '{"form":"status","status":"done"}' },
};
const assigned = {
  event: {
    type: "nerve.turn.assigned",
    source: "/",
    time: at(1),
    data: { turn: "x:1", round: 1, role: "worker", agent: "bob", prompt: "Do it." },
  },
};
const answered = {
  event: { type: "nerve.turn.respond", source: "/agents/bob", time: at(5), data: { turn: "x:1", output: message.output } },
};

/** A server that has one thread. */
async function serve(change: { thread?: object; messages?: object[]; events?: object[]; source?: string } = {}): Promise<string[]> {
  const answers: [RegExp, object][] = [
    [/\/messages/, { messages: change.messages ?? [message], next: null }],
    [/^\/v1\/threads\//, { ...thread, ...change.thread }],
    [/^\/v1\/events/, { events: change.events ?? [assigned], next: null }],
    [/\/revisions\/abcdef0123$/, { name: "fine", revision: "abcdef0123", createdAt: at(0), source: change.source ?? source }],
  ];
  const server = createServer((request, response) => {
    const found = answers.find(([path]) => path.test(request.url ?? ""));
    response.writeHead(found ? 200 : 404, { "content-type": "application/json" }).end(JSON.stringify(found?.[1] ?? {}));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => new Promise<void>((resolve) => void server.close(() => resolve())));
  return ["--url", `http://127.0.0.1:${(server.address() as AddressInfo).port}`, "--token", "x"];
}

const exportTo = async (name: string, server: string[], ...more: string[]) => {
  const file = join(folder, name);
  const ran = await run("export", id, "--test", file, ...server, ...more);
  return { ...ran, file, read: () => readFileSync(file, "utf8") };
};

test("[EXPORT6] a thread is written as a test, and as JSON that `test --script` runs; another revision fails with the step", async () => {
  const server = await serve();
  const workflow = write("fine.yaml", source);
  const made = await exportTo("one.test.ts", server);
  expect(made).toMatchObject({ code: 0, out: expect.stringContaining("1 step of fine@abcdef01") });
  expect(made.read()).toContain('openWorkflow(new URL("./fine.yaml", import.meta.url))');
  const json = await exportTo("one.json", server);
  expect(JSON.parse(json.read())).toMatchObject({
    start: { to: "worker", prompt: "Do it." },
    steps: [{ role: "worker", agent: "bob", expect: { to: "$END" } }],
  });
  expect(await run("test", workflow, "--script", json.file)).toMatchObject({ code: 0, out: expect.stringContaining("passed") });
  const other = write("other.yaml", source.replace("It is done", "It is over"));
  const failed = await run("test", other, "--script", json.file);
  expect(failed).toMatchObject({
    code: 1,
    out: expect.stringContaining('step 1 (worker): the prompt is "It is over: private.", not "It is done: private."'),
  });
  await expect(openWorkflow(workflow).replay(JSON.parse(json.read()))).resolves.toBeUndefined();
  await expect(openWorkflow(other).replay(JSON.parse(json.read()))).rejects.toThrow("step 1 (worker)");
  expect(await exportTo("x.json", server, "--runner", "mocha")).toMatchObject({ code: 2 });
});

test("[EXPORT6] --redact leaves the words out, and the test passes all the same", async () => {
  const made = await exportTo("bare.json", await serve(), "--redact");
  expect(made.code).toBe(0);
  expect(made.read()).not.toMatch(/private|bob|ann/);
  expect(JSON.parse(made.read()).steps[0].expect).toEqual({ to: "$END", prompt: "It is done: xxxxxxx." });
  expect(await run("test", write("fine.yaml", source), "--script", made.file)).toMatchObject({ code: 0 });
});

test("[EXPORT7] of an archived thread the log fills what was not kept; where that has none either, it is told", async () => {
  const archived = { archivedAt: at(30), keptUntil: null };
  const short = { ...message, output: { $truncated: true, bytes: 20_000 } };
  const server = await serve({ thread: archived, messages: [short], events: [assigned, answered] });
  const made = await exportTo("archived.json", server);
  expect(made.err).toBe("");
  expect(JSON.parse(made.read()).steps).toMatchObject([{ output: message.output, expect: { to: "$END" } }]);
  const gone = await exportTo("gone.json", await serve({ thread: archived, messages: [short], events: [assigned] }));
  expect(gone).toMatchObject({ code: 1, err: expect.stringMatching(/data_gone: t.* was archived .*the answer of step 1/) });
  const event = { ...thread.event, data: { $truncated: true, bytes: 9 } };
  expect(await exportTo("gone.json", await serve({ thread: { ...archived, event } }))).toMatchObject({
    code: 1,
    err: expect.stringContaining("the event that began it"),
  });
  expect(await exportTo("none.json", await serve({ messages: [] }))).toMatchObject({
    code: 1,
    err: expect.stringContaining("no step yet"),
  });
});

test("[EXPORT7] what its own revision decides otherwise is no test, and is told", async () => {
  const odd = { ...message, decision: { ...message.decision, prompt: "It is done: by _supplement." } };
  expect(await exportTo("odd.json", await serve({ messages: [odd] }))).toMatchObject({
    code: 1,
    err: expect.stringContaining("own revision decides otherwise than the thread did: step 1"),
  });
});

describe("a thread that did not go straight on", () => {
  const text = source
    .replace("const: done }", "enum: [done, more] }")
    .replace("worker: { done:", 'worker: { more: { role: worker, prompt: "More, with {{ _supplement.hint }}." }, done:');
  const answer = (round: number, $status: string, prompt: string, more: object = {}) => ({
    ...message,
    round,
    output: { $status, note: "n" },
    decision: { to: $status === "done" ? "$END" : "worker", prompt, because: JSON.stringify({ form: "status", status: $status }) },
    ...more,
  });
  const turn = (round: number, beginning: string, more: object = {}) => ({
    event: { ...assigned.event, data: { ...assigned.event.data, turn: `${beginning}.1.1:${round}`, round, ...more } },
  });
  const readSteps = async (change: Parameters<typeof serve>[0]) => {
    const { err, read } = await exportTo("turned.json", await serve({ ...change, source: text }), "--force");
    expect(err).toBe("");
    return JSON.parse(read());
  };

  test("[EXPORT9] what resumes added is read from the log: of a turn given again, and of one that was answered meanwhile", async () => {
    const resumed = { reason: "r", supplement: { hint: "a" } };
    const { steps, supplement } = await readSteps({
      messages: [answer(1, "more", "More, with a."), answer(2, "more", "More, with b."), answer(3, "done", "It is done: n.")],
      // The second turn was answered while the thread stood still: it was decided on when that was over.
      events: [turn(1, "t"), turn(1, "t", { resumed }), turn(2, "t", resumed), turn(3, "t", { supplement: { hint: "b" } })],
    });
    expect(supplement).toBeUndefined();
    expect(steps.map((step: ReplayStep) => step.supplement)).toEqual([{ hint: "a" }, { hint: "b" }, undefined]);
  });

  test("[EXPORT9] begun anew, a thread knows nothing of what was added before", async () => {
    const events = [turn(1, "t", { supplement: { hint: "a" } }), turn(2, "t", { supplement: { hint: "a" } }), turn(4, "t-2")];
    const { steps, supplement } = await readSteps({
      messages: [
        answer(1, "more", "More, with a."),
        answer(2, "done", "It is done: n.", { until: 2 }),
        answer(4, "done", "It is done: n."),
      ],
      events,
    });
    expect([supplement, steps.length]).toEqual([{ hint: "a" }, 2]);
    expect(steps.map((step: ReplayStep) => step.supplement)).toEqual([undefined, null]);
  });

  test("[EXPORT10] a thread that was begun anew from its start is what it did since, and nothing is missing of it", async () => {
    const { steps, start } = await readSteps({
      messages: [answer(1, "done", "It is done: n.", { until: 2 }), answer(3, "done", "It is done: n.")],
      events: [turn(1, "t", { prompt: "Else." }), turn(3, "t-2")],
    });
    expect(steps).toMatchObject([{ role: "worker", expect: { to: "$END" } }]);
    expect(start).toEqual({ to: "worker", prompt: "Do it." });
  });
});
