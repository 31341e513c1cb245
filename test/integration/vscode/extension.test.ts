/** The packaged extension of VS Code: what is in the .vsix, and what it does with a stub of the editor and its real language server. */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseWorkflow } from "../../../src/compile/index.ts";
import { readZip } from "./read-zip.ts";
import { Address } from "./stub-values.ts";
import { installStub } from "./stub-vscode.ts";
import type { StubDocument, StubVscode } from "./stub-world.ts";

const root = join(import.meta.dirname, "../../..");
const dist = join(root, "editors/vscode/dist");
const review = readFileSync(join(root, "workflows/code-review.yaml"), "utf8");

interface Manifest {
  version: string;
  main: string;
  icon: string;
  engines: { vscode: string };
  contributes: { commands: { command: string }[]; snippets: { path: string }[]; configuration: { properties: object } };
}

const place = mkdtempSync(join(tmpdir(), "vscode-extension-"));
const installed = join(place, "extension");
let packaged: Map<string, Buffer> | undefined;
let manifest: Manifest;

beforeAll(() => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, "scripts/package-vscode.ts")], {
    encoding: "utf8",
    // Where there is no registry, that is to be known at once.
    env: { ...process.env, npm_config_fetch_retries: "0" },
  });
  const written = /^(.*\.vsix): \d+ KB$/m.exec(stdout)?.[1];
  if (status === 0 && written !== undefined) {
    packaged = readZip(readFileSync(written));
    for (const [name, content] of packaged) {
      mkdirSync(dirname(join(place, name)), { recursive: true });
      writeFileSync(join(place, name), content);
    }
  } else if (existsSync(join(dist, "extension/package.json"))) {
    console.warn(`the .vsix itself is NOT TESTED, what goes into it is: ${stderr.trim().split("\n").at(-1)}`);
    cpSync(join(dist, "extension"), installed, { recursive: true });
  } else throw new Error(stderr);
  manifest = JSON.parse(readFileSync(join(installed, "package.json"), "utf8")) as Manifest;
}, 120_000);

afterAll(() => rmSync(place, { recursive: true, force: true }));

describe("the package", () => {
  test("[EDITOR1] holds what its manifest names and nothing else, in a megabyte, with the version of the whole", (context) => {
    if (!packaged) context.skip("the packager could not be had");
    const names = [...(packaged?.keys() ?? [])].sort();
    expect(names.filter((name) => !/^extension\/(dist|media|snippets)\//.test(name))).toEqual([
      "[Content_Types].xml",
      "extension.vsixmanifest",
      "extension/LICENSE.txt",
      "extension/NOTICES.txt",
      "extension/icon.png",
      "extension/package.json",
      "extension/readme.md",
    ]);
    for (const path of [manifest.main, manifest.icon, ...manifest.contributes.snippets.map(({ path }) => path)])
      expect(names).toContain(join("extension", path));
    for (const [, path] of readFileSync(join(installed, "readme.md"), "utf8").matchAll(/\]\((?!http)([^)#]+)\)/g))
      expect(names).toContain(join("extension", path ?? ""));
    expect(packaged?.get("extension.vsixmanifest")?.toString()).toContain(`Version="${manifest.version}"`);
    expect(manifest.version).toBe((JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Manifest).version);
    expect([...(packaged?.values() ?? [])].reduce((sum, { length }) => sum + length, 0)).toBeLessThan(4_000_000);
    const notices = readFileSync(join(installed, "NOTICES.txt"), "utf8");
    for (const bundled of ["elkjs", "jsonata", "liquidjs", "vscode-languageclient", "yaml", "zod"])
      expect(notices).toMatch(new RegExp(`^${bundled} \\d.*\\n\\n\\S`, "m"));
  });

  test("[EDITOR2] has snippets that are sound workflows, as soon as they are there", () => {
    type Snippet = { body: string[] };
    const { Workflow: workflow } = JSON.parse(readFileSync(join(installed, "snippets/workflow.json"), "utf8")) as Record<string, Snippet>;
    const text = (workflow?.body.join("\n") ?? "")
      .replaceAll(/\$\{1:\$\{TM_FILENAME_BASE[^}]*\}\}/g, "my-flow")
      .replaceAll(/\$\{\d+:([^}]*)\}/g, "$1")
      .replaceAll(/(?<!\\)\$0/g, "")
      .replaceAll("\\$", "$");
    expect(parseWorkflow(text, { publish: true }).diagnostics).toEqual([]);
  });
});

describe("in an editor", () => {
  let vscode: StubVscode;
  let document: StubDocument;
  let extension: { activate(context: object): Promise<void>; deactivate(): Promise<void> };
  const project = join(place, "it's a $(project)");
  const file = join(project, "workflows/code-review.yaml");
  const uri = pathToFileURL(file).href;
  const codes = (): unknown[] => (vscode.findings.get(uri) ?? []).map(({ code }) => code);

  beforeAll(async () => {
    mkdirSync(join(project, "workflows"), { recursive: true });
    mkdirSync(join(project, "node_modules"));
    symlinkSync(root, join(project, "node_modules/nerveflare"));
    writeFileSync(file, review);
    vscode = installStub(place);
    extension = createRequire(join(installed, "package.json"))(join(installed, manifest.main)) as typeof extension;
    await extension.activate({
      subscriptions: [],
      extensionUri: Address.file(installed),
      asAbsolutePath: (path: string) => join(installed, path),
    });
  });
  afterAll(() => extension.deactivate());

  test("[EDITOR3] registers every command that it contributes, and starts no server for other YAML", async () => {
    expect([...vscode.commands.keys()].sort()).toEqual(manifest.contributes.commands.map(({ command }) => command).sort());
    vscode.focus(vscode.open(pathToFileURL(join(project, ".github/workflows/ci.yaml")).href, "name: CI\non: push\njobs: {}\n"));
    await vscode.until(() => vscode.contexts.has("nerveflare.isWorkflow"));
    expect(vscode.contexts.get("nerveflare.isWorkflow")).toBe(false);
    expect(vscode.providers.size).toBe(0);
  });

  test("[EDITOR4] a workflow brings findings as it is typed, and lenses", async () => {
    document = vscode.open(uri, review);
    vscode.focus(document);
    await vscode.until(() => vscode.findings.has(uri));
    expect(vscode.contexts.get("nerveflare.isWorkflow")).toBe(true);
    expect(codes()).toEqual([]);
    vscode.type(document, "max_rounds", "max_round");
    await vscode.until(() => codes().length > 0);
    expect(codes()).toEqual(["NRV2001"]);
    vscode.type(document, "max_round", "max_rounds");
    await vscode.until(() => codes().length === 0);
    const token = { isCancellationRequested: false, onCancellationRequested: () => ({ dispose: () => {} }) };
    const lenses = (await vscode.providers.get("registerCodeLensProvider")?.["provideCodeLenses"]?.(document as never, token as never)) as {
      command: { command: string; title: string; arguments: string[] };
    }[];
    expect(lenses.map(({ command }) => command.title)).toEqual(["▷ Simulate", "Test", "Prove", "Publish", "Picture"]);
    for (const { command } of lenses) {
      expect(command.arguments).toEqual([uri]);
      expect([...vscode.commands.keys()]).toContain(command.command);
    }
  });

  test("[EDITOR5] the picture follows the cursor, a click leads to its place, and an error leaves the last picture", async () => {
    await vscode.commands.get("nerveflare.showPicture")?.(uri);
    const [panel] = vscode.panels;
    if (!panel) throw new Error("no panel");
    const last = (type: string) => panel.posted.findLast((message) => message.type === type);
    await vscode.until(() => last("picture") !== undefined);
    expect(String(last("picture")?.["svg"])).toContain('data-part="reviewer changes_requested"');
    expect(last("picture")?.["leads"]).toContain("reviewer changes_requested");
    vscode.focus(document);
    vscode.point(document, "changes_requested:\n");
    expect(last("here")?.["ids"]).toEqual(["reviewer changes_requested"]);
    vscode.point(document, "Find defects");
    expect(last("here")?.["ids"]).toEqual(["reviewer"]);
    panel.say({ type: "go", id: "author updated" });
    const line = review.split("\n").findIndex((text) => text.startsWith("    updated:"));
    await vscode.until(() => vscode.cursor()?.line === line);
    const pictures = panel.posted.filter(({ type }) => type === "picture").length;
    vscode.type(document, "max_rounds", "max_round");
    await vscode.until(() => last("stale") !== undefined);
    expect(last("stale")?.["message"]).toBe("The file has 1 error.");
    expect(panel.posted.filter(({ type }) => type === "picture").length).toBe(pictures);
    vscode.type(document, "max_round", "max_rounds");
    panel.visible = false;
    await vscode.until(() => codes().length === 0);
    panel.say({ type: "view", view: "recruitment" });
    expect(last("picture")?.["view"]).toBe("author");
    panel.visible = true;
    panel.say({ type: "ready" });
    await vscode.until(() => last("picture")?.["view"] === "recruitment");
    expect(panel.html).toMatch(/content="default-src 'none'; style-src https:\/\/page\.test; script-src 'nonce-[\w-]{20,}'"/);
    expect(panel.html).not.toMatch(/<style|<script(?! nonce)| style=| on\w+=/);
    panel.dispose();
  });

  test("[EDITOR6] commands run the project's nerveflare in the terminal, with the file as a word whatever its name", async () => {
    document.isDirty = true;
    await vscode.commands.get("nerveflare.prove")?.(uri);
    expect(vscode.tasks.map(({ name }) => name)).toEqual(["prove code-review.yaml"]);
    expect([document.isDirty, document.saved]).toEqual([false, 1]);
    const [program, args] = vscode.tasks[0]?.execution.given ?? ["", []];
    expect([program, ...args]).toEqual(["node", join(project, "node_modules/nerveflare/bin/nerveflare.js"), "prove", file]);
    const { status, stdout } = spawnSync(program, args, { encoding: "utf8" });
    expect([status, stdout]).toEqual([0, expect.stringContaining("proved")]);

    vscode.settings.set("nerveflare.command", ["my nerveflare", "--json"]);
    await vscode.commands.get("nerveflare.simulate")?.(uri);
    expect(vscode.tasks[1]?.execution.given.slice(0, 2)).toEqual(["my nerveflare", ["--json", "simulate", file]]);
    vscode.settings.clear();

    const elsewhere = join(tmpdir(), "nowhere.nerve.yaml");
    await vscode.commands.get("nerveflare.test")?.(pathToFileURL(elsewhere).href);
    expect(vscode.tasks[2]?.execution.given[1]).toEqual(["--yes", "nerveflare", "test", elsewhere]);
  });

  test("[EDITOR6] nothing runs without a file, in an untrusted workspace, or is published unasked", async () => {
    vscode.tasks.length = 0;
    vscode.messages.length = 0;
    await vscode.commands.get("nerveflare.test")?.("untitled:Untitled-1");
    vscode.trusted = false;
    await vscode.commands.get("nerveflare.test")?.(uri);
    vscode.trusted = true;
    await vscode.commands.get("nerveflare.publish")?.(uri);
    expect(vscode.tasks).toEqual([]);
    expect(vscode.messages).toEqual([
      "Save the workflow as a file first: nerveflare test reads it from disk.",
      "nerveflare runs programs in trusted workspaces only.",
      "Publish code-review.yaml? New threads then run this version.",
    ]);
    vscode.presses = "Publish";
    await vscode.commands.get("nerveflare.publish")?.(uri);
    expect(vscode.tasks.map(({ name }) => name)).toEqual(["publish code-review.yaml"]);
  });

  test("[EDITOR7] the project's own language server runs where that is wanted", async () => {
    vscode.settings.set("nerveflare.server", "project");
    vscode.findings.clear();
    vscode.fire("workspace.onDidChangeConfiguration", { affectsConfiguration: (name: string) => name === "nerveflare.server" });
    await vscode.until(() => vscode.findings.has(uri));
    expect(codes()).toEqual([]);
    expect(vscode.logged.join()).toContain(`language server: ${join(project, "node_modules/nerveflare/bin/nerveflare.js")}`);
  });
});
