/** Which YAML files the language server takes for workflows. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createEditorSchema } from "../../../src/compile/schema/create-editor-schema.ts";
import { isWorkflow, topFields } from "../../../src/lsp/is-workflow.ts";
import { readFixture } from "../compile/read-fixture.ts";

const root = join(import.meta.dirname, "../../..");
const anywhere = "file:///home/me/some/file.yaml";

describe("[LSP15]", () => {
  test("it knows the language's own fields", () => {
    expect([...topFields].sort()).toEqual(Object.keys(createEditorSchema().properties ?? {}).sort());
  });

  test.each(readdirSync(join(root, "workflows")))("workflows/%s is one wherever it lies", (name) => {
    const text = readFileSync(join(root, "workflows", name), "utf8");
    expect(isWorkflow(anywhere, text)).toBe(true);
    expect(isWorkflow(anywhere, text.replace(/^#.*\n/, "").replaceAll("\n", "\r\n"))).toBe(true);
  });

  test("so are most files that have a fault, and all of them by their name or folder", () => {
    const fixtures = readdirSync(join(root, "test/fixtures/diagnostics")).map(
      (name) => readFixture(readFileSync(join(root, "test/fixtures/diagnostics", name), "utf8")).text,
    );
    expect(fixtures.every((text) => isWorkflow("C:\\flows\\a.nerve.yml", text))).toBe(true);
    expect(fixtures.filter((text) => !isWorkflow(anywhere, text)).length).toBeLessThan(fixtures.length / 8);
  });

  test.each([
    ["a new file in the folder", "file:///p/workflows/new.yaml", ""],
    ["one that has just begun there", "file:///p/workflows/new.yml", "name: x\ndescription: y\nx-note: z\n"],
    ["a moderator's", anywhere, "roles:\n  a: {}\nmoderator: x\n"],
    ["one with keys in quotes", anywhere, '"binding": "cloud"\n'],
    ["one with its binding and a comment", anywhere, "binding: local # mine\n"],
  ])("%s is one", (_, path, text) => {
    expect(isWorkflow(path, text)).toBe(true);
  });

  test.each([
    ["of GitHub's actions", "file:///p/.github/workflows/ci.yaml", "name: CI\non: push\njobs: {}\n"],
    ["just begun there", "file:///p/.github/workflows/ci.yaml", "name: CI\n"],
    ["of Argo, in such a folder", "file:///p/workflows/a.yaml", "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nspec: {}\n"],
    ["of Kubernetes", anywhere, "apiVersion: v1\nkind: Service\n"],
    ["of Ansible", anywhere, "- hosts: all\n  roles:\n    - graph\n"],
    ["of roles alone", anywhere, "roles:\n  admin: {}\n"],
    ["with such words inside", anywhere, "a:\n  binding: cloud\n  roles: {}\n  graph: {}\n"],
    ["with another binding", anywhere, "binding: toString\n"],
    ["of a nerve daemon", anywhere, readFileSync(join(root, "examples/nerve-daemon/nerve.yaml"), "utf8")],
    ["in no folder", anywhere, "name: x\ndescription: y\n"],
    ["empty", anywhere, ""],
  ])("a file %s is none", (_, path, text) => {
    expect(isWorkflow(path, text)).toBe(false);
  });
});
