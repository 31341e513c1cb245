/** Whether a thread could go on with another revision, by where it stands. */
import { expect, test } from "vitest";
import { findWorst, judgeThread, type Standing } from "../../../src/compile/compare/judge-thread.ts";
import { parseWorkflow } from "../../../src/compile/index.ts";

const base = `name: review
description: d
binding: cloud
max_rounds: 20
roles:
  author: { goal: Write it., frontmatter: { properties: { $status: { const: done } } } }
  reviewer: { goal: Read it., frontmatter: { properties: { $status: { enum: [approved, changes] } } } }
graph:
  $START: { new: { role: author, prompt: Write. } }
  author: { done: { role: reviewer, prompt: Review. } }
  reviewer:
    approved: { role: $END, prompt: Approved. }
    changes: { role: author, prompt: Change it. }
`;

function read(text: string) {
  const { ir, diagnostics } = parseWorkflow(text);
  if (!ir) throw new Error(JSON.stringify(diagnostics));
  return ir;
}

const standing: Standing = { last: { round: 2, role: "reviewer", status: "changes" }, held: { author: "ann", reviewer: "bob" }, steps: 2 };

test.each<[string, string, Partial<Standing>, object]>([
  ["the same", base, {}, { verdict: "safe", at: 2 }],
  ["other prompts and numbers", base.replace("Write it.", "Write."), {}, { verdict: "safe" }],
  ["no step yet", base.replaceAll("author", "writer"), { held: {}, last: undefined as never, steps: 0 }, { verdict: "safe", at: 0 }],
  [
    "a held role that was renamed",
    base.replaceAll("author", "writer"),
    {},
    { verdict: "mapping", hint: expect.stringContaining("--role writer=ann") },
  ],
  [
    "a held role that is claimed anew each turn",
    base.replace("goal: Write it.", "goal: Write it., bind: turn"),
    {},
    { verdict: "mapping", why: expect.stringContaining("`author` (ann)") },
  ],
  [
    "the last step's role renamed",
    base.replaceAll("reviewer", "critic"),
    {},
    { verdict: "blocked", at: 2, why: "step 2 is of `reviewer`, which is called `critic` now" },
  ],
  [
    "its status gone",
    base.replace("[approved, changes]", "[approved]").replace(/ {4}changes: .*\n/, ""),
    {},
    { verdict: "blocked", why: "step 2 said `changes`, for which `reviewer` has no edge" },
  ],
  [
    "too few rounds",
    base.replace("max_rounds: 20", "max_rounds: 2"),
    {},
    { verdict: "blocked", why: expect.stringContaining("max_rounds") },
  ],
])("[DIFF8] %s", (_, text, at, wanted) => {
  const { last, ...rest } = { ...standing, ...at };
  expect(judgeThread(read(base), read(text), { ...rest, ...(last && { last }) })).toMatchObject(wanted);
});

test("[DIFF8] the worst of several threads is the revision's", () => {
  expect([findWorst([]), findWorst(["safe", "mapping"]), findWorst(["blocked", "safe"])]).toEqual(["safe", "mapping", "blocked"]);
});
