/** `nerveflare diff`: which two are compared, what is written, how it ends. */
import { expect, test } from "vitest";
import { compilePublished } from "../../../src/compile/compile-published.ts";
import { adminToken } from "../worker/test-app.ts";
import { createFolder, fine, run } from "./run.ts";
import { serveApp } from "./serve-app.ts";

const { write } = createFolder();
const changed = fine
  .replace("required: [$status]", "required: [$status, note]")
  .replace("const: done }", "const: done }, note: { type: string }")
  .replace('prompt: "Do it."', 'prompt: "Do it.\\nDo it well.\\nAnd soon."');

test("[DIFF7] files that mean the same end with 0, others with 1 and the changes, as text and as JSON", async () => {
  const [a, b] = [write("a.yaml", fine), write("b.yaml", changed)];
  expect(await run("diff", a, write("same.yaml", `# mine\n${fine}`))).toMatchObject({
    code: 0,
    out: expect.stringContaining("mean the same"),
    err: "",
  });
  const { code, out, err } = await run("diff", a, b);
  expect([code, err]).toEqual([1, ""]);
  expect(out).toContain(
    "  ~ worker.frontmatter: note: is new, and required\n      breaks agents: an answer that was taken may be refused\n",
  );
  expect(out).toContain("prompts\n  ~ $START: new, prompt\n      + Do it well.\n      + And soon.\n");
  expect(out).toContain("breaks agents that answer as before: 1 change\nsafe for senders of events\nsafe for threads");
  const { out: json } = await run("diff", a, b, "--json");
  expect(JSON.parse(json)).toMatchObject({
    before: { from: a, name: "fine" },
    same: false,
    changes: [{ part: "role", at: "worker.frontmatter: note", breaks: ["agents"] }, { part: "prompt" }],
  });
});

test("[DIFF7] what is published, and earlier revisions, are compared with a file", async () => {
  const app = await serveApp({ compile: async (text) => compilePublished(text) });
  const server = ["--url", app.url, "--token", adminToken];
  await run("publish", write("old.yaml", fine), ...server);
  const { out } = await run("publish", write("new.yaml", changed), ...server, "--json");
  const { revision } = JSON.parse(out) as { revision: string };
  expect(await run("diff", "fine", write("c.yaml", changed), ...server)).toMatchObject({ code: 0 });
  expect(await run("diff", "fine", write("d.yaml", fine), ...server)).toMatchObject({ code: 1 });
  expect(await run("diff", `fine@${revision.slice(0, 8)}`, "fine", ...server)).toMatchObject({ code: 0 });
  expect(await run("diff", "fine@000000", "fine", ...server)).toMatchObject({
    code: 1,
    err: expect.stringContaining("no revision 000000"),
  });
  expect(await run("diff", "other", "fine", ...server)).toMatchObject({ code: 1, err: expect.stringContaining("other") });
});

test("[DIFF7] a side that is neither file nor workflow ends with 2, one that does not compile with 1", async () => {
  expect(await run("diff", "./none.yaml", "x.yaml")).toMatchObject({ code: 2, err: expect.stringContaining("no file, and no workflow") });
  expect(await run("diff", write("bad.yaml", "name: [\n"), write("e.yaml", fine))).toMatchObject({
    code: 1,
    err: expect.stringContaining("does not compile"),
  });
});
