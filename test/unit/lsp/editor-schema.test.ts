/** The editors' JSON Schema: fresh, and agreeing with the compiler about what has the right shape. `UPDATE_SCHEMA=1` writes it anew. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Validator } from "@cfworker/json-schema";
import { beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { runCli } from "../../../src/cli/main.ts";
import { parseWorkflow } from "../../../src/compile/index.ts";
import { createEditorSchema, renderEditorSchema } from "../../../src/compile/schema/create-editor-schema.ts";
import { readFixture } from "../compile/read-fixture.ts";

const root = join(import.meta.dirname, "../../..");
const file = join(root, "schemas/nerve-workflow.schema.json");
const corpus = process.env["NERVEFLARE_CORPUS"] ?? join(root, "../shared/corpus");
const validator = new Validator(createEditorSchema(), "2020-12", false);
const examples = readdirSync(join(root, "workflows")).filter((name) => name.endsWith(".yaml"));

function validate(text: string): string[] {
  const value: unknown = parse(text, { merge: true, logLevel: "silent" });
  const { valid, errors } = validator.validate(JSON.parse(JSON.stringify(value)));
  return valid ? [] : errors.map(({ instanceLocation, error }) => `${instanceLocation} ${error}`);
}

describe("schemas/nerve-workflow.schema.json", () => {
  test("[LSP1] is what the compiler's own shape gives (UPDATE_SCHEMA=1 writes it)", () => {
    if (process.env["UPDATE_SCHEMA"]) writeFileSync(file, renderEditorSchema());
    expect(readFileSync(file, "utf8")).toBe(renderEditorSchema());
  });

  test("[LSP1] is what `nerveflare schema` prints", async () => {
    let printed = "";
    expect(await runCli(["schema"], { stdout: { write: (text) => (printed += text) } })).toBe(0);
    expect(printed).toBe(renderEditorSchema());
  });

  test("[LSP1] documents every field", () => {
    const undocumented: string[] = [];
    const visit = (schema: ReturnType<typeof createEditorSchema>, path: string): void => {
      for (const [field, inner] of Object.entries(schema.properties ?? {})) {
        if (!inner.description && !inner["const"]) undocumented.push(`${path}.${field}`);
        visit(inner, `${path}.${field}`);
      }
      for (const inner of [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])]) visit(inner, path);
      if (schema.items) visit(schema.items, `${path}[]`);
      if (typeof schema.additionalProperties === "object") visit(schema.additionalProperties, `${path}.*`);
    };
    visit(createEditorSchema(), "");
    expect(undocumented).toEqual([]);
  });
});

describe("the schema takes what the compiler takes", () => {
  test.each(examples)("[LSP2] workflows/%s, which names it in its first line", (name) => {
    const text = readFileSync(join(root, "workflows", name), "utf8");
    expect(text.split("\n")[0]).toBe("# yaml-language-server: $schema=../schemas/nerve-workflow.schema.json");
    expect(validate(text)).toEqual([]);
  });

  const there = existsSync(join(corpus, "index.json"));
  if (!there) console.warn(`the corpus's files are SKIPPED: there is no corpus at ${corpus}; set NERVEFLARE_CORPUS to its folder`);
  describe.runIf(there)("of the corpus", () => {
    let files: string[] = [];
    beforeAll(() => {
      files = readdirSync(join(corpus, "workflows"), { recursive: true, encoding: "utf8" }).filter((name) => /\.ya?ml$/.test(name));
    });
    test("[LSP2] every file that compiles", () => {
      let compiled = 0;
      for (const name of files) {
        const text = readFileSync(join(corpus, "workflows", name), "utf8");
        if (parseWorkflow(text).ir === undefined) continue;
        compiled += 1;
        expect({ name, errors: validate(text) }).toEqual({ name, errors: [] });
      }
      expect(compiled).toBeGreaterThan(40);
    });
  });

  const fixtures = readdirSync(join(root, "test/fixtures/diagnostics")).filter((name) => /^NRV[345]/.test(name));
  test.each(fixtures)("[LSP2] %s, whose fault is not its shape", (name) => {
    expect(validate(readFixture(readFileSync(join(root, "test/fixtures/diagnostics", name), "utf8")).text)).toEqual([]);
  });

  test("[LSP2] `x-` keys anywhere, durations, an `agent` of both sorts", () => {
    const text = readFileSync(join(root, "workflows/code-review.yaml"), "utf8");
    const extended = `${text}\nx-more: [1]\n`.replace("    type: open\n", "    type: open\n    x-note: mine\n");
    expect(parseWorkflow(extended).ir).toBeDefined();
    expect(validate(extended)).toEqual([]);
  });
});

describe("the schema refuses what has the wrong shape", () => {
  const text = readFileSync(join(root, "workflows/code-review.yaml"), "utf8");
  const slips: [string, string, string][] = [
    ["a field of the file", "max_rounds:", "max_round:"],
    ["a field of a role", "    procedure:", "    procedures:"],
    ["a field of a part of a role", "on_timeout: rerecruit", "on_timout: rerecruit"],
    ["a field of an edge", 'prompt: "Approved', 'promt: "Approved'],
    ["a field of an effect", "{ kind: review.approved, data:", "{ kind: review.approved, dat:"],
    ["a field of a reflex", "    signal: cancel", "    signals: cancel"],
    ["a word", "type: open", "type: opened"],
    ["a duration", "every: 30s", "every: 30 seconds"],
    ["a number", "max_rounds: 20", "max_rounds: 2.5"],
    ["a missing field", "name: code-review\n", ""],
  ];
  test.each(slips)("[LSP3] %s: as the compiler does", (_, written, misspelt) => {
    expect(text).toContain(written);
    const broken = text.replace(written, misspelt);
    expect(parseWorkflow(broken).ir).toBeUndefined();
    expect(validate(broken)).not.toEqual([]);
  });

  const fixtures = readdirSync(join(root, "test/fixtures/diagnostics")).filter((name) => /^NRV200[1-49]/.test(name));
  test.each(fixtures)("[LSP3] %s", (name) => {
    expect(validate(readFixture(readFileSync(join(root, "test/fixtures/diagnostics", name), "utf8")).text)).not.toEqual([]);
  });
});
