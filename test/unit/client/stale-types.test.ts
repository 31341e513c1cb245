import { expect, test } from "vitest";
import { refuseBy } from "../../../src/client/client-error.ts";
import type { TypedWorkflow } from "../../../src/client/index.ts";
import type { Note } from "../../../src/client/note.ts";
import { createStaleTypes } from "../../../src/client/stale-types.ts";
import { fingerprintSchema } from "../../../src/contract/json-schema/fingerprint-schema.ts";
import type { JsonSchema } from "../../../src/contract/json-schema/json-schema.ts";
import { limits } from "../../../src/contract/limits.ts";
import { createProblem } from "../../../src/contract/problem.ts";
import { makeTurn } from "./fixture.ts";

const then: JsonSchema = { type: "object", properties: { $status: { enum: ["approved", "rejected"] } } };
const now: JsonSchema = { type: "object", properties: { $status: { enum: ["approved"] } } };
const described: JsonSchema = { ...then, description: "Only words differ.", minProperties: 1 };

const roles = { reviewer: fingerprintSchema(then), author: fingerprintSchema(true) };
const review: TypedWorkflow = {
  name: "code-review",
  command: "nerveflare types r.yaml --out r.types.ts",
  fingerprints: { input: "i1", roles },
};

/** @param answers what the server says, one after another; errors are thrown */
function watch(answers: unknown[], workflows: TypedWorkflow[] = [review]) {
  const notes: Note[] = [];
  const asked: string[] = [];
  const types = createStaleTypes({
    workflows,
    note: (note) => notes.push(note),
    http: {
      call: async (_, path) => {
        asked.push(path);
        const answer = answers.shift();
        if (answer instanceof Error) throw answer;
        return answer;
      },
      stream: () => Promise.reject(new Error("not asked for")),
    },
  });
  const ask = async () => {
    types.ask();
    await new Promise((resolve) => setImmediate(resolve));
  };
  const look = (schema: JsonSchema, role = "reviewer", workflow = "code-review") =>
    types.look(makeTurn("t1.1:1", { role: { name: role, schema }, workflow }) as never);
  return { notes, asked, ask, look };
}

const publish = (more: object = {}, input = "i1") => ({ workflows: [{ name: "code-review", input, roles: { ...roles, ...more } }] });

test("[TYPES11] types of the published revision are nothing to speak of, and are asked about once", async () => {
  const { notes, asked, ask } = watch([publish()]);
  await ask();
  await ask();
  expect(asked).toEqual(["v1/me/types?workflows=code-review"]);
  expect(notes).toEqual([]);
});

test("[TYPES11] without types nothing is asked", async () => {
  const { asked, ask } = watch([], []);
  await ask();
  expect(asked).toEqual([]);
});

test("[TYPES11] one note names every role that changed, came or went, and the command that makes the types anew", async () => {
  const { notes, ask } = watch([
    { workflows: [{ name: "code-review", input: "i2", roles: { reviewer: fingerprintSchema(now), editor: "e" } }] },
  ]);
  await ask();
  expect(notes).toEqual([
    {
      level: "warn",
      what: "types.stale",
      workflow: "code-review",
      message: expect.stringMatching(
        /code-review was changed .*: what starts a thread; reviewer; author, which is gone; editor, which is new\..*`npx nerveflare types r\.yaml --out r\.types\.ts`/,
      ),
    },
  ]);
});

test("[TYPES12] a workflow that is not published is said to be that, and not stale", async () => {
  const { notes, ask } = watch([{ workflows: [] }]);
  await ask();
  expect(notes).toMatchObject([{ level: "warn", what: "types.unpublished", workflow: "code-review" }]);
});

test("[TYPES13] a server that knows no types is no reason for a word, and one that could not be reached is asked again", async () => {
  const old = watch([refuseBy(createProblem("not_found", "There is no /v1/me/types here."))]);
  await old.ask();
  await old.ask();
  expect(old.asked).toHaveLength(1);
  const other = watch([null]);
  await other.ask();
  const lost = watch([refuseBy(createProblem("unavailable", "Not now.")), new Error("network"), publish({ author: "new" })]);
  for (let round = 0; round < 4; round++) await lost.ask();
  expect(lost.asked).toHaveLength(3);
  expect([...old.notes, ...other.notes]).toEqual([]);
  expect(lost.notes).toMatchObject([{ what: "types.stale" }]);
});

test("[TYPES14] a turn of a changed role says so once for each revision; one of which only words and bounds changed does not", async () => {
  const { notes, look } = watch([]);
  for (const schema of [then, described, now, now, described, false, now]) look(schema);
  expect(notes).toMatchObject([
    { what: "types.stale", workflow: "code-review", turn: "t1.1:1", message: expect.stringContaining("code-review/reviewer") },
    { what: "types.stale" },
  ]);
});

test("[TYPES14] what was said when it connected is not said again by the turn; a role that the types do not know is", async () => {
  const { notes, ask, look } = watch([publish({ reviewer: fingerprintSchema(now) })]);
  await ask();
  look(now);
  look(true, "author");
  look(now, "reviewer", "another-workflow");
  expect(notes).toHaveLength(1);
  look(now, "editor");
  expect(notes.at(-1)?.message).toContain("a role that its types do not know");
});

test("[TYPES14] statuses that the graph alone says are no part of a turn's schema, and count when it connects", async () => {
  const open: TypedWorkflow = { ...review, fingerprints: { input: "i1", roles: { reviewer: `${fingerprintSchema(true)}+1` } } };
  const { notes, ask, look } = watch(
    [{ workflows: [{ name: "code-review", input: "i1", roles: { reviewer: `${fingerprintSchema(true)}+2` } }] }],
    [open],
  );
  look(true);
  expect(notes).toEqual([]);
  await ask();
  expect(notes).toMatchObject([{ what: "types.stale" }]);
});

test("[TYPES13] many workflows are asked about in questions that a server takes", async () => {
  const many = Array.from({ length: limits.typedWorkflows + 1 }, (_, at): TypedWorkflow => ({ ...review, name: `w${at}` }));
  const { asked, ask } = watch([{ workflows: [] }, { workflows: [] }], many);
  await ask();
  expect(asked.map((path) => decodeURIComponent(path).split(",").length)).toEqual([limits.typedWorkflows, 1]);
});
