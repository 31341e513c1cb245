/** The settings for editors other than VS Code: Neovim's in a real Neovim where there is one; Zed's as Zed starts what they name. */
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createMessageConnection, StreamMessageReader, StreamMessageWriter } from "vscode-jsonrpc/node";
import { parse } from "yaml";
import { commands } from "../../../src/cli/main.ts";

const root = join(import.meta.dirname, "../../..");
const main = join(root, "src/cli/main.ts");
const place = mkdtempSync(join(tmpdir(), "editor-settings-"));
const broken = readFileSync(join(root, "workflows/code-review.yaml"), "utf8").replace("max_rounds", "max_round");
const workflow = join(place, "workflows", "it's a $(review).yaml");
const other = join(place, ".github/workflows/ci.yaml");

beforeAll(() => {
  mkdirSync(join(place, "workflows"), { recursive: true });
  mkdirSync(join(place, ".github/workflows"), { recursive: true });
  writeFileSync(workflow, broken);
  writeFileSync(other, "name: CI\non: push\njobs: {}\n");
});
afterAll(() => rmSync(place, { recursive: true, force: true }));

const neovim = spawnSync("nvim", ["--version"], { encoding: "utf8" });
if (neovim.status !== 0) console.warn("editors/neovim is NOT TESTED: there is no nvim here");

describe("Neovim", () => {
  test.runIf(neovim.status === 0)(
    "[EDITOR8] shows findings, completion and hover, and a lens opens a terminal with its command",
    async () => {
      const child = spawn("nvim", ["--headless", "-n", "-u", "NONE", "-i", "NONE", "-S", join(import.meta.dirname, "neovim.lua")], {
        env: {
          ...process.env,
          SETTINGS: join(root, "editors/neovim"),
          WORKFLOW: workflow,
          OTHER: other,
          PROGRAM: JSON.stringify([process.execPath, main]),
          XDG_STATE_HOME: place,
          XDG_DATA_HOME: place,
        },
        stdio: ["ignore", "pipe", "pipe"],
        timeout: 60_000,
      });
      let said = "";
      let errors = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        said += text;
      });
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        errors += text;
      });
      await new Promise((resolve) => child.once("close", resolve));
      const told = Object.fromEntries(
        said
          .split("\n")
          .filter((line) => line.startsWith("{"))
          .map((line) => JSON.parse(line) as { what: string; value: unknown })
          .map(({ what, value }) => [what, value]),
      );
      expect({ told, errors }).toEqual({
        told: {
          diagnostics: ["NRV2001"],
          other: 0,
          mended: [],
          completion: expect.arrayContaining(["author", "reviewer", "$END"]),
          hover: expect.stringContaining("**role `author`**"),
          lenses: ["▷ Simulate", "Test", "Prove", "Publish"],
          terminal: expect.stringMatching(/proved .*\[Process exited 0\]/),
          saved: broken.split("\n").length - 1,
        },
        errors: "",
      });
    },
  );
});

describe("Zed", () => {
  const read = (name: string): unknown => parse(readFileSync(join(root, "editors/zed", name), "utf8").replaceAll(/^ *\/\/.*$/gm, ""));

  test("[EDITOR9] starts what its settings name as the server of YAML, which serves workflows and takes YAML's settings calmly", async () => {
    const { lsp, languages } = read("settings.json") as {
      lsp: Record<string, { binary: { path: string; arguments: string[] } }>;
      languages: { YAML: { language_servers: string[] } };
    };
    const [server] = languages.YAML.language_servers;
    const { path, arguments: args } = lsp[server ?? ""]?.binary ?? { path: "", arguments: [] };
    const bin = join(place, "bin");
    mkdirSync(bin);
    writeFileSync(join(bin, "nerveflare"), `#!/bin/sh\nexec "${process.execPath}" "${main}" "$@"\n`);
    chmodSync(join(bin, "nerveflare"), 0o755);
    const child = spawn(path, args, { stdio: "pipe", env: { ...process.env, PATH: `${bin}${delimiter}${process.env["PATH"]}` } });
    const connection = createMessageConnection(new StreamMessageReader(child.stdout), new StreamMessageWriter(child.stdin));
    const found = new Promise<{ uri: string; diagnostics: { code: string }[] }>((resolve) =>
      connection.onNotification("textDocument/publishDiagnostics", resolve),
    );
    connection.listen();
    await connection.sendRequest("initialize", { processId: process.pid, rootUri: null, capabilities: {} });
    await connection.sendNotification("initialized", {});
    await connection.sendNotification("workspace/didChangeConfiguration", { settings: { yaml: { format: { enable: true } } } });
    const open = (uri: string, text: string) =>
      connection.sendNotification("textDocument/didOpen", { textDocument: { uri, languageId: "yaml", version: 0, text } });
    await open("file:///p/.github/workflows/ci.yaml", "name: CI\non: push\njobs: {}\n");
    await open("file:///p/workflows/review.yaml", broken);
    const { uri, diagnostics } = await found;
    expect([uri, diagnostics.map(({ code }) => code)]).toEqual(["file:///p/workflows/review.yaml", ["NRV2001"]]);
    await connection.sendRequest("shutdown");
    await connection.sendNotification("exit");
    expect(await new Promise((resolve) => child.once("exit", resolve))).toBe(0);
    connection.dispose();
  });

  test("[EDITOR9] has tasks that are commands, on the file that is open", () => {
    const tasks = read("tasks.json") as { label: string; command: string; args: string[] }[];
    expect(tasks.map(({ args }) => args[0])).toEqual(["simulate", "test", "prove", "publish"]);
    for (const { command, args, label } of tasks) {
      expect([command, args[1], label]).toEqual(["nerveflare", "$ZED_FILE", `${args[0]} $ZED_FILENAME`]);
      expect(commands.map(({ name }) => name)).toContain(args[0]);
    }
  });
});
