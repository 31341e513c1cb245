/** A thread's decisions, taken again: by the same revision, by others, and without its words. */
import { describe, expect, test } from "vitest";
import { parseWorkflow } from "../../../src/compile/index.ts";
import { emitReplay } from "../../../src/replay/emit-replay.ts";
import { redactReplay } from "../../../src/replay/redact.ts";
import { type Replay, replay } from "../../../src/replay/replay.ts";
import { replayThread } from "../../../src/replay/replay-thread.ts";

const file = `name: review
description: A change is reviewed.
binding: cloud
roles:
  author:
    goal: Write it.
    frontmatter: { properties: { $status: { const: done }, notes: { type: string } }, required: [$status] }
  reviewer:
    goal: Read it.
    turn: { on_timeout: forfeit }
    frontmatter: { properties: { $status: { enum: [approved, changes] }, summary: { type: string } }, required: [$status] }
graph:
  $START:
    new: { role: author, prompt: "Write {{ data.what }}." }
    resume: { role: reviewer, prompt: "Look again." }
  author: { done: { role: reviewer, prompt: "Review {{ notes }} of {{ _event.agent }}." } }
  reviewer:
    approved: { role: $END, prompt: "Approved: {{ summary }}" }
    changes: { role: author, prompt: "Change it." }
    $TIMEOUT: { role: author, prompt: "Nobody looked." }
`;

function read(text: string) {
  const { ir, diagnostics } = parseWorkflow(text);
  if (!ir) throw new Error(JSON.stringify(diagnostics.map(({ message }) => message)));
  return ir;
}

const status = (name: string) => ({ form: "status", status: name });

const thread: Replay = {
  replay: 1,
  workflow: "review",
  thread: "t1",
  revision: "abc",
  event: { specversion: "1.0", id: "e1", source: "/agents/ann", type: "pr.opened", agent: "ann", data: { what: "the secret plan" } },
  start: { to: "author", prompt: "Write the secret plan." },
  steps: [
    {
      role: "author",
      agent: "bob",
      output: { $status: "done", notes: "my plan 7" },
      expect: { to: "reviewer", prompt: "Review my plan 7 of ann.", because: status("done") },
    },
    {
      role: "reviewer",
      agent: null,
      output: { $status: "$TIMEOUT" },
      expect: { to: "author", prompt: "Nobody looked.", because: status("$TIMEOUT") },
    },
    { role: "author", agent: "bob", output: { $status: "done" }, expect: { to: "reviewer", because: status("done") } },
    { role: "reviewer", agent: "eve", output: { $status: "approved", summary: "good" }, expect: { to: "$END", prompt: "Approved: good" } },
    { role: "reviewer", agent: "eve", resumed: true, output: { $status: "changes" }, expect: { to: "author" } },
  ],
};

const differ = async (...edits: [string, string][]): Promise<string[]> => {
  const text = edits.reduce((result, [from, to]) => result.replace(from, to), file);
  if (edits.length > 0 && text === file) throw new Error("nothing was changed");
  return (await replayThread(read(text), thread)).differences;
};

describe("decisions are taken again", () => {
  test("[EXPORT1] by the same revision as they were, and by one that differs elsewhere", async () => {
    expect(replay.parse(JSON.parse(JSON.stringify(thread)))).toEqual(thread);
    expect(await differ()).toEqual([]);
    expect(await differ(["goal: Read it.", "goal: Read all of it."], ['prompt: "Change it."', 'prompt: "Change it now."'])).toEqual([]);
  });

  test.each<[string, [string, string][], string[]]>([
    [
      "another target",
      [
        ["approved: { role: $END", "approved: { role: author"],
        ["changes: { role: author", "changes: { role: $END"],
      ],
      ["step 4 (reviewer): goes to author, not to $END"],
    ],
    ["another prompt", [["Nobody looked.", "Nobody came."]], ['step 2 (reviewer): the prompt is "Nobody came.", not "Nobody looked."']],
    [
      "another beginning",
      [["Write {{ data.what }}.", "Do {{ data.what }}."]],
      ['at the start: the prompt is "Do the secret plan.", not "Write the secret plan."'],
    ],
    [
      "an answer that is not taken any more",
      [["required: [$status]", "required: [$status, notes]"]],
      [expect.stringMatching(/^step 3 \(author\): its answer does not fit the schema: .*notes/) as never],
    ],
    [
      "no way to resume",
      [['    resume: { role: reviewer, prompt: "Look again." }\n', ""]],
      [expect.stringContaining("no decision (no_edge)") as never],
    ],
    [
      "fewer rounds",
      [["binding: cloud", "binding: cloud\nmax_rounds: 3"]],
      [expect.stringMatching(/^step 3 \(author\): .*no edge for the status "\$MAX_ROUNDS"; it was reviewer/) as never],
    ],
  ])("[EXPORT2] %s is told with its step", async (_, edits, wanted) => {
    const found = await differ(...edits);
    expect(found.slice(0, wanted.length)).toEqual(wanted.slice(0, found.length));
    expect(found.length).toBeGreaterThan(0);
  });

  test("[EXPORT2] a turn that timed out is told where its status is not handed to the graph any more", async () => {
    const found = await differ(
      ['    $TIMEOUT: { role: author, prompt: "Nobody looked." }\n', ""],
      ["turn: { on_timeout: forfeit }", "turn: { on_timeout: suspend }"],
    );
    expect(found).toContain("step 2 (reviewer): $TIMEOUT is not handed to the graph here: `suspend` acts");
  });

  test("[EXPORT2] a role that is gone is told at each of its steps", async () => {
    const text = file.replaceAll("author", "writer");
    const { differences } = await replayThread(read(text), thread);
    expect(differences).toContain("step 1 (author): there is no role `author` in this revision");
    expect(differences).toContain("at the start: goes to writer, not to author");
  });

  test("[EXPORT3] conditions are compared by what they gave, not by their wording", async () => {
    const list = (expression: string) =>
      read(`name: l
description: d
roles: { a: { goal: x } }
conditions: { again: { description: d, expression: "${expression}" } }
graph:
  $START: [{ role: a, prompt: p }]
  a: [{ role: a, condition: again, prompt: p }, { role: $END, prompt: p }]
`);
    const because = { form: "list", tried: [{ condition: "again", expression: "steps[-1].output.n > 1", saw: false }] };
    const one: Replay = { ...thread, start: { to: "a" }, steps: [{ role: "a", output: { n: 1 }, expect: { to: "$END", because } }] };
    expect((await replayThread(list("steps[-1].output.n > 1"), one)).differences).toEqual([]);
    expect((await replayThread(list("$last('a').n > 1"), one)).differences).toEqual([]);
    expect((await replayThread(list("$last('a').n = 1"), one)).differences).toEqual([
      expect.stringContaining("step 1 (a): goes to a, not to $END"),
    ]);
  });
});

test("[EXPORT4] without its words a thread keeps its shape, its statuses and its decisions", async () => {
  const ir = read(file);
  const bare = redactReplay(ir, thread);
  expect(JSON.stringify(bare)).not.toMatch(/secret|plan|good|"ann"|bob|"eve"/);
  expect(bare).toMatchObject({
    event: { type: "pr.opened", agent: "agent-1", source: "/agents/agent-1", data: { what: "xxx xxxxxx xxxx" } },
    start: { to: "author" },
    steps: [
      { agent: "agent-2", output: { $status: "done", notes: "xx xxxx 0" }, expect: { to: "reviewer" } },
      { agent: null, output: { $status: "$TIMEOUT" } },
      { agent: "agent-2" },
      { agent: "agent-3", output: { $status: "approved", summary: "xxxx" } },
      { output: { $status: "changes" } },
    ],
  });
  expect(bare).not.toHaveProperty("thread");
  expect(replay.parse(bare)).toEqual(bare);
  expect((await replayThread(ir, bare)).differences).toEqual([]);
});

test("[EXPORT9] what resumes added is seen from its step on until another takes it away, also where the thread begins again", async () => {
  const ir = read(
    file
      .replace("Review {{ notes }}", "Review {{ _supplement.hint }}")
      .replace("Look again.", "Look at {{ _supplement.hint }}.")
      .replace("Write {{ data.what }}.", "Write {{ _supplement.hint }}."),
  );
  const [first, second, third, fourth, fifth] = thread.steps;
  if (!first || !second || !third || !fourth || !fifth) throw new Error("the thread has five steps");
  const told = (hint: string) => ({ to: "reviewer", prompt: `Review ${hint} of ann.` });
  const resumed: Replay = {
    ...thread,
    start: { to: "author", prompt: "Write early." },
    supplement: { hint: "early" },
    steps: [
      { ...first, supplement: { hint: "it" }, expect: told("it") },
      second,
      { ...third, supplement: null, expect: told("") },
      fourth,
      { ...fifth, supplement: { hint: "that" } },
    ],
  };
  expect((await replayThread(ir, resumed)).differences).toEqual([]);
  expect((await replayThread(ir, { ...resumed, steps: [{ ...first, expect: told("it") }] })).differences).toHaveLength(1);
  const bare = redactReplay(ir, resumed);
  expect(bare).toMatchObject({
    supplement: { hint: "xxxxx" },
    steps: [{ supplement: { hint: "xx" } }, {}, { supplement: null }, {}, { supplement: { hint: "xxxx" } }],
  });
  expect(replay.parse(bare)).toEqual(bare);
});

test("[EXPORT10] a prompt that tells of children is expected as it was rendered when they had ended", async () => {
  const spawns = 'done: { role: reviewer, prompt: "Children: {{ _children[0].output.n }}.", spawn: [{ workflow: kid, await: true }] }';
  const ir = read(file.replace(/done: \{ role: reviewer.*/, `${spawns} }`));
  const [first, second] = thread.steps;
  if (!first || !second) throw new Error("the thread has steps");
  const children = [{ thread: "t2", workflow: "kid", status: "completed", output: { n: 7 } }];
  const { decisions } = await replayThread(ir, {
    ...thread,
    steps: [
      { ...first, expect: undefined },
      { ...second, children },
    ],
  });
  const prompts = decisions.map((decision) => decision?.prompt);
  expect(prompts).toEqual(["Write the secret plan.", "Children: 7.", "Nobody looked."]);
});

test("[EXPORT4] a word that a condition looks for stays", async () => {
  const ir = read(file.replace("goal: Read it.", "goal: Read it.\n    eligibility: { where: \"id = 'special case'\" }"));
  const [step] = thread.steps;
  if (!step) throw new Error("nothing");
  const one = { ...thread, steps: [{ ...step, output: { $status: "done", notes: "special case", more: "special", n: 7, yes: true } }] };
  expect(redactReplay(ir, one).steps[0]?.output).toEqual({ $status: "done", notes: "special case", more: "xxxxxxx", n: 7, yes: true });
});

test("[EXPORT1] the test file is plain JavaScript for either runner", () => {
  const options = { workflow: "./review.yaml", entry: "nerveflare/testing", mark: "(00000000)" };
  for (const [runner, from] of [
    ["vitest", "vitest"],
    ["node", "node:test"],
  ] as const) {
    const text = emitReplay(thread, { ...options, runner });
    expect(text).toContain(`import { test } from "${from}";`);
    expect(text).toContain("workflow.replay({");
    expect(() => new Function(text.replaceAll(/^import .*$/gm, "").replaceAll("import.meta.url", "''"))).not.toThrow();
  }
});
