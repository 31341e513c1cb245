/** What `publish` sends: a workflow with what its includes bring in. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createIncludes } from "../../../src/cli/lib/check/create-includes.ts";
import { runCli } from "../../../src/cli/main.ts";
import { compilePublished } from "../../../src/compile/compile-published.ts";
import { compileWorkflow } from "../../../src/compile/compile-workflow.ts";
import { adminToken } from "../worker/test-app.ts";
import { createFolder, fine } from "./run.ts";
import { serveApp } from "./serve-app.ts";

const { folder, write } = createFolder();
mkdirSync(join(folder, "parts"));

/** Publishes a file to a server, and gives what was printed, and what the server has of it. */
async function publish(file: string, ...more: string[]): Promise<{ code: number; out: string; err: string; source: string }> {
  const { url, call } = await serveApp({ compile: async (text) => compilePublished(text) });
  const print = { out: "", err: "" };
  const code = await runCli(["publish", file, ...more], {
    stdout: { write: (text) => (print.out += text) },
    stderr: { write: (text) => (print.err += text) },
    env: { NERVEFLARE_URL: url, NERVEFLARE_ADMIN_TOKEN: adminToken },
  });
  const { body } = await call("GET", "/v1/workflows/fine");
  return { code, ...print, source: body.source ?? "" };
}

/** How a file may stand in a workflow, and what it holds. */
const places: Record<string, [from: string, to: string]> = {
  "a text": ["procedure: Do it.", "procedure: !include parts/how.md"],
  "a text with an anchor": ["procedure: Do it.", "procedure: &how !include parts/how.md\n    prepare: *how"],
  "a text with the anchor behind the tag": ["procedure: Do it.", "procedure: !include &how parts/how.md\n    prepare: *how"],
  "a text in quotes, with a comment": [
    "procedure: Do it.",
    'procedure: !include "parts/how.md" # as it stands\n    prepare: !include parts/how.md',
  ],
  "a list between braces": ["capabilities: [work]", "capabilities: !include parts/list.json"],
  "an item of a list": ["capabilities: [work]", "capabilities:\n      - work\n      - !include parts/word.md"],
  "a schema between braces": [
    "{ type: object, properties: { $status: { const: done } }, required: [$status] }",
    "!include parts/schema.yaml",
  ],
  "a part of a schema": ["$status: { const: done }", "$status: !include parts/status.yaml, more: { type: string }"],
  "a mapping that is merged": ["    goal: To have it done.", "    <<: !include parts/role.yaml"],
  "all roles": [fine.slice(fine.indexOf("roles:"), fine.indexOf("graph:")), "roles: !include parts/roles.yaml\n"],
};

describe("[CLI21]", () => {
  write("parts/how.md", 'Do it: *all* of it, "well", at 😀.\n\n\tThen \u2028 stop\u0085 \u001b[1m\u009b.\n# {{ not }} a comment \\ \n');
  write("parts/word.md", "no");
  write("parts/list.json", '["work", "on", "1.0"]');
  write("parts/status.yaml", "const: done\n");
  write("parts/schema.yaml", "type: object\nproperties:\n  $status: !include parts/status.yaml\nrequired: [$status]\n");
  write("parts/role.yaml", "goal: To have it done.\nturn: { timeout: 5m }\n");
  write(
    "parts/roles.yaml",
    "worker:\n  goal: &g Do it.\n  output: *g\n  procedure: !include parts/how.md\n  frontmatter: !include parts/schema.yaml\n",
  );

  test.each(Object.entries(places))("%s is sent in its place, and the revision is the file's", async (_, [from, to]) => {
    expect(fine).toContain(from);
    const text = fine.replace(from, () => to);
    const file = write("fine.yaml", text);
    const { compiled, diagnostics } = compileWorkflow(text, { includes: createIncludes(file) ?? (() => undefined) });
    expect(diagnostics).toEqual([]);
    const { code, out, err, source } = await publish(file);
    expect({ code, out, err }).toEqual({ code: 0, out: `published fine ${compiled?.revision}\n`, err: "" });
    expect(source).not.toContain("!include");
    expect(compileWorkflow(source).compiled).toEqual(compiled);
  });

  test("a warning behind an include is told at its place in the file", async () => {
    write("parts/time.yaml", "10m");
    const line = '    recruitment: { timeout: !include parts/time.yaml, score: "1" }';
    const file = write("fine.yaml", fine.replace("    procedure: Do it.", line));
    const { code, err } = await publish(file);
    expect([code, err]).toEqual([0, expect.stringContaining(`${file}:10:${line.indexOf("score") + 1} warning NRV3026`)]);
  });

  test.each(["../fine.yaml", "none.md", "parts", "parts/broken.yaml", "parts/large.md", "parts/binary.md", '""'])(
    "where %s cannot be had, nothing is sent and the reason is told",
    async (path) => {
      write("parts/broken.yaml", "a: [\n");
      write("parts/large.md", "x".repeat(300_000));
      write("parts/binary.md", Buffer.from([0x41, 0xff, 0xfe]));
      const file = write(
        "fine.yaml",
        fine.replace("procedure: Do it.", () => `procedure: !include ${path}`),
      );
      const { code, err, source } = await publish(file);
      expect([code, source]).toEqual([1, ""]);
      expect(err).toMatch(/fine\.yaml:10:25 error NRV1\d+ .*(outside|no file|names no file|broken\.yaml, line|300000 bytes|UTF-8)/);
      expect(err).toContain("Not published");
    },
  );

  test("under --json a refusal is JSON with its findings", async () => {
    const file = write("fine.yaml", fine.replace("procedure: Do it.", "procedure: !include none.md"));
    const { out } = await publish(file, "--json");
    expect(JSON.parse(out)).toMatchObject({ file, error: expect.any(String), diagnostics: [{ code: "NRV1016", line: 10, column: 25 }] });
  });
});
