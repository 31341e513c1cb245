/** What workflows say only together, in the editor: a real server over a real folder, and by ports that count what is read. */
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import type { CodeAction, Diagnostic } from "vscode-languageserver/node";
import { readMember } from "../../../src/compile/together/member.ts";
import { type FileBeside, followFolders, type OpenText } from "../../../src/lsp/follow-folders.ts";
import { lspLimits } from "../../../src/lsp/limits.ts";
import { workflow as write } from "../compile/several-files.ts";
import { type Editor, startEditor } from "./editor.ts";

let editor: Editor;
const root = mkdtempSync(join(tmpdir(), "nerveflare-lsp-"));
beforeAll(async () => {
  editor = await startEditor({ debounce: 0 }, { workspace: { didChangeWatchedFiles: { dynamicRegistration: true } } });
});
afterAll(async () => {
  expect(editor.errors()).toBe("");
  expect(await editor.close()).toBe(0);
  rmSync(root, { recursive: true });
});

/** A folder of its own. */
function create(name: string) {
  const place = join(root, name);
  mkdirSync(place, { recursive: true });
  const toUri = (file: string): string => pathToFileURL(join(place, file)).href;
  return {
    place,
    toUri,
    write: (file: string, text: string) => {
      mkdirSync(join(place, file, ".."), { recursive: true });
      writeFileSync(join(place, file), text);
    },
    open: (file: string, text: string) => {
      const page = editor.open(text, toUri(file));
      onTestFinished(page.close);
      return page;
    },
  };
}

const workflow = (name: string, edge = ""): string => write(name, { top: "max_rounds: 9", edge });
const spawning = (name: string, target: string): string => workflow(name, `, spawn: [{ workflow: ${target} }]`);
const has = (code: string) => (found: Diagnostic[]) => found.some((each) => each.code === code);
const isEmpty = (found: Diagnostic[]): boolean => found.length === 0;

describe("a folder", () => {
  test("[LSP24] what files say together stands among the findings of an open text, with its fix", async () => {
    const { write, open } = create("a/workflows");
    write("parts/story.yaml", workflow("story"));
    write("compose.yaml", "services: { web: { image: nginx } }\n");
    const page = open("paper.yaml", spawning("paper", "stroy"));
    const [finding, ...others] = await page.findings(has("NRV6001"));
    expect(others).toEqual([]);
    expect(finding && page.slice(finding.range)).toBe("stroy");
    const range = finding?.range;
    const ask = (only?: string[]) =>
      editor.connection.sendRequest<CodeAction[]>("textDocument/codeAction", {
        textDocument: { uri: page.uri },
        range,
        context: { diagnostics: [], ...(only && { only }) },
      });
    expect((await ask()).map(({ title }) => title)).toEqual(["Write `story`"]);
    const [all] = await ask(["source.fixAll"]);
    expect(page.apply(all?.edit?.changes?.[page.uri] ?? [])).toBe(spawning("paper", "story"));
    expect(JSON.stringify(await page.ask("hover", "st^roy"))).toContain("NRV6001");
    page.change("stroy", "story");
    expect(await page.findings(isEmpty)).toEqual([]);
  });

  test("[LSP24] what is not saved counts before what is on disk, and names are those of the folder", async () => {
    const { write, open } = create("b");
    write("one.yaml", workflow("one"));
    write("two.yaml", workflow("two"));
    const one = open("one.yaml", workflow("one"));
    expect(await one.diagnostics()).toEqual([]);
    const two = open("two.yaml", workflow("one"));
    const [same] = await two.findings(has("NRV6002"));
    expect(same?.message).toContain("one.yaml:1 is the workflow `one` too");
  });

  test("[LSP24] a text that is no workflow makes its folder none, though others lie below", async () => {
    const { open, write } = create("f");
    write("other.yaml", workflow("paper"));
    const compose = open("compose.yaml", "services: { web: { image: nginx } }\n");
    const paper = open("parts/paper.yaml", spawning("paper", "story"));
    write("parts/story.yaml", workflow("story"));
    paper.save();
    expect(await paper.findings(isEmpty)).toEqual([]);
    expect(compose.judged()).toBe(0);
  });

  test("[LSP25] a change of one text refreshes what is said of others, and only that", async () => {
    const { open, write } = create("c");
    write("other.yaml", workflow("other"));
    const story = open("story.yaml", workflow("story"));
    const paper = open("paper.yaml", spawning("paper", "story"));
    const other = open("other.yaml", workflow("other"));
    await Promise.all([story, paper, other].map((page) => page.findings(isEmpty)));
    story.change("name: story", "name: tale");
    await paper.findings(has("NRV6001"));
    const judged = other.judged();
    story.change("name: tale", "name: [");
    // Of a file whose name can't be read nobody knows that it is not the one.
    await paper.findings(isEmpty);
    story.change("name: [", "name: story");
    expect(await story.findings(isEmpty)).toEqual([]);
    expect(await paper.findings(isEmpty)).toEqual([]);
    expect(other.judged()).toBe(judged);
  });

  test("[LSP25] files that come, change and go on disk refresh what is said of the open ones", async () => {
    const { place, write, open } = create("d");
    const paper = open("paper.yaml", spawning("paper", "story"));
    await paper.diagnostics();
    const tell = () => void editor.connection.sendNotification("workspace/didChangeWatchedFiles", { changes: [] });
    write("else.yaml", workflow("else"));
    tell();
    await paper.findings(has("NRV6001"));
    write("story.yaml", workflow("story"));
    tell();
    await paper.findings(isEmpty);
    write("story.yaml", workflow("tales"));
    utimesSync(join(place, "story.yaml"), 1, 1);
    paper.save();
    await paper.findings(has("NRV6001"));
    const story = open("story.yaml", workflow("story"));
    await paper.findings(isEmpty);
    story.close();
    await paper.findings(has("NRV6001"));
  });

  test("[LSP26] of 500 files with one broken an open one is judged beside the rest, and requests are answered meanwhile", async () => {
    const { write, open } = create("e");
    for (let index = 0; index < 500; index++) write(`w${index}.yaml`, spawning(`w-${index}`, `w-${(index + 1) % 500}`));
    write("w250.yaml", "name: w-250\nroles: [\ngraph: {}\n");
    const page = open("w0.yaml", spawning("w-0", "w-1x"));
    await page.diagnostics();
    const asked = page.ask("hover", "na^me:");
    const first = await Promise.race([asked.then(() => "hover"), page.findings(has("NRV6001")).then(() => "findings")]);
    expect(first).toBe("hover");
    const [finding] = await page.findings(has("NRV6001"));
    expect(finding?.message).toMatch(/w-1x[\s\S]*w-1`/);
  });
});

describe("by its ports", () => {
  /** A folder that counts what is read of it. */
  function watch(files: Map<string, { text: string; stamp: string }>) {
    const read: string[] = [];
    const told: string[] = [];
    const looked = vi.fn();
    const opened: OpenText[] = [{ uri: "paper", member: readMember("paper", spawning("paper", "w-1")).member }];
    const listFolder = (folder: string): FileBeside[] =>
      [...files].map(([name, { text, stamp }]) => ({
        path: folder + name,
        bytes: text.length,
        stamp,
        read: async () => {
          read.push(name);
          return text;
        },
      }));
    const folders = followFolders(
      { locateDocument: (uri) => ({ path: `/f/${uri}`, folder: "/f/" }), listFolder, createIncludes: () => undefined },
      () => opened,
      { looked, tell: (line) => told.push(line) },
    );
    const look = async (): Promise<string[]> => {
      const before = looked.mock.calls.length;
      read.length = 0;
      folders.look();
      await vi.waitUntil(() => looked.mock.calls.length > before);
      return [...read];
    };
    return { folders, look, told, opened };
  }

  const make = (count: number, text = (index: number) => workflow(`w-${index}`)) =>
    new Map(Array.from({ length: count }, (_, index) => [`w${index}.yaml`, { text: text(index), stamp: "1" }]));

  test("[LSP26] only files that changed are read again, and those that include others", async () => {
    const files = make(5);
    files.set("w4.yaml", { text: workflow("w-4").replace("name: w-4", "name: w-4 # !include"), stamp: "1" });
    const { folders, look, opened } = watch(files);
    expect(folders.judge("paper")).toEqual(new Map());
    expect(await look()).toEqual(["w0.yaml", "w1.yaml", "w2.yaml", "w3.yaml", "w4.yaml"]);
    expect(folders.judge("paper").get("paper")).toEqual([]);
    files.set("w1.yaml", { text: workflow("w-9"), stamp: "2" });
    expect(await look()).toEqual(["w1.yaml", "w4.yaml"]);
    expect(folders.judge("paper").get("paper")).toMatchObject([{ code: "NRV6001" }]);
    // What nobody has open any more is forgotten.
    const [paper] = opened.splice(0);
    folders.judge("paper");
    if (paper) opened.push(paper);
    expect(await look()).toHaveLength(5);
  });

  test("[LSP26] a folder beyond the limits is left alone, which is said once", async () => {
    const large = "# ".padEnd(lspLimits.folderBytes / 8 + 1, "x");
    for (const files of [make(lspLimits.folderFiles + 1, () => ""), make(8, () => large)]) {
      const { folders, look, told } = watch(files);
      expect(await look()).toEqual([]);
      expect(await look()).toEqual([]);
      expect(folders.judge("paper")).toEqual(new Map());
      expect(told).toEqual([expect.stringContaining("`nerveflare check`")]);
    }
  });
});
