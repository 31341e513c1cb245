/** The picture beside the text, lenses and their commands, from a real server process; and how often a text is read. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createMessageConnection, StreamMessageReader, StreamMessageWriter } from "vscode-jsonrpc/node";
import { type CodeLens, createConnection, type Position, type Range } from "vscode-languageserver/node";
import { createDrawer } from "../../../src/cli/lib/draw/draw-in-thread.ts";
import { drawWorkflowSvg } from "../../../src/compile/draw/index.ts";
import { compileWorkflow } from "../../../src/compile/index.ts";
import type { DrawingAnswer } from "../../../src/lsp/answer-drawing.ts";
import { serveEditor } from "../../../src/lsp/serve-editor.ts";
import { writeBigWorkflow } from "./big-workflow.ts";
import { type Editor, type Page, startEditor } from "./editor.ts";

const folder = join(import.meta.dirname, "../../../workflows");
const read = (name: string): string => readFileSync(join(folder, name), "utf8");
const review = read("code-review.yaml");

let editor: Editor;
beforeAll(async () => {
  editor = await startEditor();
});
afterAll(async () => {
  expect(await editor.close()).toBe(0);
  expect(editor.errors()).toBe("");
});

const draw = (page: Page, more: object = {}): Promise<DrawingAnswer> =>
  editor.connection.sendRequest("nerveflare/drawing", { textDocument: { uri: page.uri }, ...more });
const drawnParts = (svg: string | null): Set<string> =>
  new Set([...(svg ?? "").matchAll(/data-part="([^"]*)"/g)].map((match) => match[1] ?? ""));
const isIn = (range: Range, { line, character }: Position): boolean =>
  (line > range.start.line || (line === range.start.line && character >= range.start.character)) &&
  (line < range.end.line || (line === range.end.line && character <= range.end.character));
/** What an editor highlights: what the innermost part at the cursor shows. */
const shownAt = ({ parts }: DrawingAnswer, at: Position): string[] => {
  const around = parts.filter(({ range }) => isIn(range, at));
  return around.toSorted((a, b) => (isIn(b.range, a.range.start) && isIn(b.range, a.range.end) ? -1 : 1))[0]?.shows ?? [];
};

describe("nerveflare/drawing", () => {
  test.each(["code-review.yaml", "debate.yaml", "triage-pool.yaml", "announce-setup.yaml"])(
    "[LSP16] of %s: each box and arrow leads to its place, and each place has its box or arrow",
    async (name) => {
      const page = editor.open(read(name));
      const { svg, parts, version } = await draw(page);
      expect(version).toBe(1);
      const drawn = drawnParts(svg);
      const ids = new Set(parts.map(({ id }) => id));
      expect([...drawn].filter((id) => !ids.has(id))).toEqual([]);
      expect(parts.flatMap(({ shows }) => shows).filter((id) => !drawn.has(id))).toEqual([]);
      for (const { id, name: at, range } of parts) {
        expect(isIn(range, at.start)).toBe(true);
        const last = id.split(" ").at(-1) ?? "";
        if (page.slice(at) !== "") expect(page.slice(at)).toBe(last);
      }
    },
  );

  test("[LSP16] what is under the cursor is the innermost: an edge in its node, a condition by its edges, a role", async () => {
    const page = editor.open(review);
    const drawing = await draw(page);
    expect(shownAt(drawing, page.at("    changes_reque^sted:\n      role: author"))).toEqual(["reviewer changes_requested"]);
    expect(shownAt(drawing, page.at("Find def^ects"))).toEqual(["reviewer"]);
    expect(shownAt(drawing, page.at("max_^rounds: 20"))).toEqual([]);
    const other = editor.open(read("debate.yaml"));
    const debated = await draw(other);
    const uses = shownAt(debated, other.at("  threeExc^hanges:\n"));
    expect(uses.length).toBeGreaterThan(0);
    for (const use of uses) expect(debated.svg).toContain(`data-part="${use}"`);
    expect(shownAt(debated, other.at("condition: threeEx^changes"))).toEqual(uses.slice(0, 1));
  });

  test("[LSP16] both machines show a role's states as that role's, in the colours that are asked for", async () => {
    const page = editor.open(review);
    const light = await draw(page, { view: "task", theme: "light" });
    expect([...drawnParts(light.svg)].sort()).toEqual(["$START", "author", "reviewer"]);
    expect(light.svg).not.toContain("prefers-color-scheme");
    const { svg } = await draw(page, { view: "recruitment", theme: "dark" });
    expect([...drawnParts(svg)].sort()).toEqual(["author", "reviewer"]);
    expect(svg).toContain("#0d1117");
    expect((await draw(page, { view: "toString", theme: 7 })).svg).toBe((await draw(page)).svg);
  });

  test("[LSP17] while the text has errors there is no picture, with the reason, and its places go on", async () => {
    const page = editor.open(review);
    page.change("max_rounds: 20", "max_round: 20");
    const { svg, message, parts, version } = await draw(page);
    expect({ svg, message, version }).toEqual({ svg: null, message: "The file has 1 error.", version: 2 });
    expect(parts.map(({ id }) => id)).toContain("reviewer changes_requested");
    page.changeAt(0, page.text().length, "binding: cloud\nroles: [\n");
    expect(await draw(page)).toMatchObject({ svg: null, parts: [] });
  });

  test("[LSP17] hostile words stay words", async () => {
    const page = editor.open(review.replace("Reads the diff and decides.", "'</text><script>alert(1)</script>'"));
    const { svg } = await draw(page);
    expect(svg).toContain("&lt;script&gt;");
    expect(svg).not.toContain("<script");
  });

  test("[LSP17] a file that is no workflow has none", async () => {
    const uri = "file:///none/.github/workflows/ci.yaml";
    await editor.connection.sendNotification("textDocument/didOpen", {
      textDocument: { uri, languageId: "yaml", version: 1, text: "name: CI\non: push\njobs: {}\n" },
    });
    expect(await editor.connection.sendRequest("nerveflare/drawing", { textDocument: { uri } })).toBeNull();
    expect(await editor.connection.sendRequest("textDocument/codeLens", { textDocument: { uri } })).toBeNull();
  });

  test("[LSP18] other questions are answered while a picture is laid out, and of several pictures only the last is drawn", async () => {
    const page = editor.open(writeBigWorkflow(12, 1));
    const order: string[] = [];
    const note = (what: string) => () => order.push(what);
    const first = draw(page, { view: "recruitment" });
    const second = draw(page, { view: "recruitment", theme: "light" });
    const third = draw(page, { view: "recruitment", theme: "dark" });
    await Promise.all([first.then(note("picture")), page.ask("hover", "bi^nding: cloud").then(note("hover")), second, third]);
    expect(order).toEqual(["hover", "picture"]);
    expect(await second).toMatchObject({ svg: null, superseded: true });
    expect((await third).svg).toContain("#0d1117");
  });

  test("[LSP18] a picture that takes too long is given up, and the next one is drawn", async () => {
    const { compiled } = compileWorkflow(review);
    if (!compiled) throw new Error("does not compile");
    const limits = { pictureTime: 0 };
    const drawer = createDrawer(limits);
    await expect(drawer(compiled, {})).rejects.toThrow("The picture takes longer than 0 s.");
    limits.pictureTime = 30_000;
    expect(await drawer(compiled, { theme: "dark" })).toBe(await drawWorkflowSvg(compiled, { theme: "dark" }));
  });
});

describe("lenses", () => {
  const lenses = (of: Editor, uri: string): Promise<CodeLens[]> =>
    of.connection.sendRequest("textDocument/codeLens", { textDocument: { uri } });

  test("[LSP19] stand above the name, with errors too, and what they do the server says that it can", async () => {
    const page = editor.open(review.replace("max_rounds", "max_round"));
    const found = await lenses(editor, page.uri);
    expect(found.map(({ command }) => [command?.title, command?.command, command?.arguments])).toEqual([
      ["▷ Simulate", "nerveflare.simulate", [page.uri]],
      ["Test", "nerveflare.test", [page.uri]],
      ["Prove", "nerveflare.prove", [page.uri]],
      ["Publish", "nerveflare.publish", [page.uri]],
    ]);
    for (const { range } of found) expect(page.slice(range)).toBe("name");
    expect(editor.capabilities).toMatchObject({
      executeCommandProvider: { commands: found.map(({ command }) => command?.command) },
    });
  });

  test("[LSP19] an editor's own commands are left to it, and it gets a lens for the picture", async () => {
    const own = ["nerveflare.simulate", "nerveflare.test", "nerveflare.prove", "nerveflare.publish", "nerveflare.showPicture"];
    const other = await startEditor({ debounce: 0, commands: own });
    expect(other.capabilities["executeCommandProvider"]).toBeUndefined();
    const found = await lenses(other, other.open(review).uri);
    expect(found.map(({ command }) => command?.command)).toEqual(own);
    expect(await other.close()).toBe(0);
  });

  test("[LSP20] a command is run with the file, whatever its name is, and its end is shown", async () => {
    const place = mkdtempSync(join(tmpdir(), "lsp-commands-"));
    const file = join(place, "-it's $(touch x) ; `y`.yaml");
    writeFileSync(file, review);
    const uri = pathToFileURL(file).href;
    const shown: { type: number; message: string }[] = [];
    const logged: string[] = [];
    let agrees = true;
    editor.connection.onNotification("window/showMessage", (message) => void shown.push(message));
    editor.connection.onRequest("window/showMessageRequest", (message) => {
      shown.push(message);
      return agrees ? message.actions[0] : null;
    });
    editor.connection.onNotification("window/logMessage", ({ message }) => void logged.push(message));
    const execute = (command: string, ...given: unknown[]) =>
      editor.connection.sendRequest("workspace/executeCommand", { command, arguments: given });
    await Promise.all([execute("nerveflare.prove", uri), execute("nerveflare.prove", uri)]);
    await execute("nerveflare.publish", pathToFileURL(join(place, "gone.yaml")).href);
    agrees = false;
    await execute("nerveflare.publish", uri);
    await execute("nerveflare.prove", "untitled:Untitled-1");
    await execute("toString", uri);
    rmSync(place, { recursive: true });
    expect(shown.map(({ type, message }) => [type, message.replace(/: proved .*/s, ": proved")])).toEqual([
      [2, "prove -it's $(touch x) ; `y`.yaml: is still running."],
      [3, "prove -it's $(touch x) ; `y`.yaml: proved"],
      [2, "publish gone.yaml? New threads then run this version."],
      [1, expect.stringContaining("publish gone.yaml: ")],
      [2, "publish -it's $(touch x) ; `y`.yaml? New threads then run this version."],
      [1, "nerveflare runs its own commands, with a file that is saved."],
      [1, "nerveflare runs its own commands, with a file that is saved."],
    ]);
    expect(logged[0]).toContain("proved");
  });
});

describe("a text of two thousand lines", () => {
  test("[LSP21] is read once for all that is asked between two keys, and once when typing settles", async () => {
    let readings = 0;
    const [up, down] = [new PassThrough(), new PassThrough()];
    serveEditor(createConnection(up, down), {
      findIncludes: () => {
        readings += 1;
        return undefined;
      },
      draw: async () => "<svg/>",
      run: async () => ({ ok: true, output: "" }),
    });
    const connection = createMessageConnection(new StreamMessageReader(down), new StreamMessageWriter(up));
    const judged = new Set<number>();
    const waiting: (() => void)[] = [];
    connection.onNotification("textDocument/publishDiagnostics", ({ version }) => {
      judged.add(version);
      for (const wake of waiting.splice(0)) wake();
    });
    const settled = async (version: number): Promise<void> => {
      while (!judged.has(version)) await new Promise<void>((resolve) => waiting.push(resolve));
    };
    connection.listen();
    await connection.sendRequest("initialize", {
      processId: null,
      rootUri: null,
      capabilities: {},
      initializationOptions: { debounce: 300 },
    });
    const textDocument = { uri: "file:///none/big.yaml" };
    const text = writeBigWorkflow(50);
    expect(text.split("\n").length).toBeGreaterThan(2000);
    await connection.sendNotification("textDocument/didOpen", { textDocument: { ...textDocument, languageId: "yaml", version: 1, text } });
    await settled(1);
    expect(readings).toBe(1);
    const position = { line: 11, character: 14 };
    for (let version = 2; version <= 21; version++) {
      const contentChanges = [{ range: { start: position, end: position }, text: "x" }];
      await connection.sendNotification("textDocument/didChange", { textDocument: { ...textDocument, version }, contentChanges });
    }
    await settled(21);
    expect(readings).toBe(2);
    expect([...judged]).toEqual([1, 21]);
    for (const method of ["codeLens", "documentSymbol", "hover", "completion", "documentHighlight", "definition"])
      await connection.sendRequest(`textDocument/${method}`, { textDocument, position });
    expect(await connection.sendRequest("nerveflare/drawing", { textDocument })).toMatchObject({ version: 21, svg: "<svg/>" });
    expect(readings).toBe(2);
    connection.dispose();
  });
});
