/** What an editor gets from `nerveflare lsp`, from a real server process over its stdin and stdout. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CodeAction, CompletionItem, DocumentSymbol, Hover, Location, MarkupContent, WorkspaceEdit } from "vscode-languageserver/node";
import { parseWorkflow } from "../../../src/compile/index.ts";
import { turnPolicies } from "../../../src/contract/language.ts";
import { type Editor, type Page, startEditor } from "./editor.ts";

const folder = join(import.meta.dirname, "../../../workflows");
const review = readFileSync(join(folder, "code-review.yaml"), "utf8");
const debate = readFileSync(join(folder, "debate.yaml"), "utf8");

let editor: Editor;
beforeAll(async () => {
  editor = await startEditor();
});
afterAll(async () => {
  expect(await editor.close()).toBe(0);
  expect(editor.errors()).toBe("");
});

const complete = async (page: Page, piece: string): Promise<CompletionItem[]> =>
  (await page.ask<{ items: CompletionItem[] }>("completion", piece)).items;
const labels = async (page: Page, piece: string): Promise<string[]> => (await complete(page, piece)).map(({ label }) => label);
const hover = async (page: Page, piece: string): Promise<string> => {
  const found = await page.ask<Hover | null>("hover", piece);
  return found ? (found.contents as MarkupContent).value : "";
};

describe("capabilities", () => {
  test("[LSP4] say UTF-16 and incremental changes", () => {
    expect(editor.capabilities).toMatchObject({ positionEncoding: "utf-16", textDocumentSync: { openClose: true, change: 2 } });
  });
});

describe("diagnostics", () => {
  test("[LSP5] are none for a sound file", async () => {
    expect(await editor.open(review).diagnostics()).toEqual([]);
  });

  test("[LSP5] come with code, source, hint and place, and go when the file is mended", async () => {
    const page = editor.open(review);
    page.change("max_rounds: 20", "max_round: 20");
    const [finding, ...others] = await page.diagnostics();
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ code: "NRV2001", source: "nerveflare", severity: 1 });
    expect(finding?.message).toContain("Did you mean `max_rounds`?");
    expect(finding && page.slice(finding.range)).toBe("max_round");
    page.change("max_round: 20", "max_rounds: 20");
    expect(await page.diagnostics()).toEqual([]);
  });

  test("[LSP5] name related places", async () => {
    const page = editor.open(debate);
    page.change("conceded:\n", "unused:\n    expression: 'true'\n  conceded:\n");
    page.change("max_rounds: 12", "max_rounds: 12\nmax_rounds: 13");
    const duplicate = (await page.diagnostics()).find(({ code }) => code === "NRV1002");
    const [related] = duplicate?.relatedInformation ?? [];
    expect(related?.location.uri).toBe(page.uri);
    expect(related && page.slice(related.location.range)).toBe("max_rounds");
  });

  test("[LSP4] count columns in UTF-16 units", async () => {
    const page = editor.open(`# 😀\nname: x\ndescription: "😀😀", typo\n`);
    const [finding] = await page.diagnostics();
    expect(finding?.range.start.line).toBe(2);
    const page2 = editor.open(review.replace('{ role: reviewer, prompt: "New', '{ location: 😀😀, role: autor, prompt: "New'));
    const [misspelt] = await page2.diagnostics();
    expect(misspelt && page2.slice(misspelt.range)).toBe("autor");
    const line = page2.text().split("\n")[misspelt?.range.start.line ?? 0];
    expect(misspelt?.range.start.character).toBe(line?.indexOf("autor"));
    expect(line).toContain("😀😀");
  });

  test("[LSP4] of many quick changes are those of the last text", async () => {
    const slow = await startEditor({ debounce: 50 });
    const page = slow.open(review);
    await page.diagnostics();
    for (const letter of "abcdefgh") page.change("Find defects", `Find defects${letter}`);
    page.change("type: open", "type: opn");
    const [finding, ...others] = await page.diagnostics();
    expect(others).toEqual([]);
    expect(finding?.code).toBe("NRV2004");
    expect(await slow.close()).toBe(0);
  });

  test("[LSP4] follow changes of every kind, as if the text had been opened so", async () => {
    const page = editor.open(review);
    let random = 5;
    const pick = (limit: number): number => {
      random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
      return Math.floor((random / 2 ** 32) * limit);
    };
    const pieces = ["\n", ": ", "  ", "role: x\n", "😀", "{", "}", "'", "- ", "\r\n", "&a ", "*a"];
    for (let round = 0; round < 40; round++) {
      const start = pick(page.text().length);
      page.changeAt(start, Math.min(page.text().length, start + pick(4)), pieces[pick(pieces.length)] ?? "");
      const found = await page.diagnostics();
      expect(found.map(({ code }) => code)).toEqual(parseWorkflow(page.text()).diagnostics.map(({ code }) => code));
    }
  });
});

describe("code actions", () => {
  test("[LSP6] mend what a finding can mend", async () => {
    const page = editor.open(review);
    page.change('{ role: reviewer, prompt: "Review', '{ role: reviwer, prompt: "Review');
    const [finding] = await page.diagnostics();
    if (!finding) throw new Error("no finding");
    const actions = await editor.connection.sendRequest<CodeAction[]>("textDocument/codeAction", {
      textDocument: { uri: page.uri },
      range: finding.range,
      context: { diagnostics: [finding] },
    });
    expect(actions.map(({ title, kind }) => ({ title, kind }))).toEqual([{ title: "Write `reviewer`", kind: "quickfix" }]);
    expect(actions[0]?.diagnostics).toEqual([finding]);
    expect(page.apply(actions[0]?.edit?.changes?.[page.uri] ?? [])).toBe(review);
  });

  test("[LSP6] mend all at once where that is asked for", async () => {
    const page = editor.open(
      review.replace("max_rounds", "max_round").replace("type: open", "type: opn").replace("role: author, p", "role: autor, p"),
    );
    const actions = await editor.connection.sendRequest<CodeAction[]>("textDocument/codeAction", {
      textDocument: { uri: page.uri },
      range: { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } },
      context: { diagnostics: [], only: ["source.fixAll"] },
    });
    expect(page.apply(actions[0]?.edit?.changes?.[page.uri] ?? [])).toBe(review);
  });
});

describe("hover", () => {
  test("[LSP7] describes the role that a target names", async () => {
    const text = await hover(editor.open(review), 'role: re^viewer, prompt: "Review');
    for (const part of ["role `reviewer`", "(open)", "Reads the diff and decides.", "Find defects", "`changes_requested`", "`code-review`"])
      expect(text).toContain(part);
  });
  test("[LSP7] shows a condition's expression", async () => {
    const text = await hover(editor.open(debate), "condition: thr^eeExchanges");
    expect(text).toContain("$count(steps[role = 'for']) >= 3");
    expect(text).toContain("Both sides have spoken three times");
  });
  test("[LSP7] shows where a status leads", async () => {
    const text = await hover(editor.open(review), "    changes_^requested:\n      role: author");
    expect(text).toContain("→ `author`");
    expect(text).toContain("Please address");
  });
  test("[LSP7] documents fields and their values", async () => {
    const page = editor.open(review);
    expect(await hover(page, "on_^timeout: rerecruit")).toMatch(/time and retries are used up.*`forfeit`/s);
    expect(await hover(page, "on_^timeout: rerecruit")).toContain("`rerecruit`: The role is taken back and offered anew");
    expect(await hover(page, "max_^queue: 50")).toContain("Length of the queue");
    expect(await hover(page, "    sig^nal: cancel")).toContain("What the thread is told.");
  });
  test("[LSP7] explains a finding", async () => {
    const page = editor.open(review.replace("max_rounds: 20", "max_round: 20"));
    expect(await hover(page, "max_r^ound: 20")).toContain("NRV2001");
  });
  test("[LSP7] says nothing where there is nothing to say", async () => {
    expect(await editor.open(review).ask("hover", "# consumer^-side")).toBeNull();
  });
});

describe("completion", () => {
  test("[LSP8] knows the fields of a role, and leaves out those that are there", async () => {
    const page = editor.open(review.replace("    output: A verdict", "    \n    output: A verdict"));
    const found = await labels(page, "    ^\n    output: A verdict");
    expect(found).toContain("bind");
    expect(found).not.toContain("goal");
    expect(found).not.toContain("max_rounds");
  });
  test("[LSP8] knows the fields inside braces, and of each sort of reflex", async () => {
    const page = editor.open(review.replace("timeout: 45m, on_timeout", "timeout: 45m, on, on_timeout"));
    expect(await labels(page, "on^, on_timeout")).toEqual(["retries", "on_fail"]);
    const reflexes = editor.open(review.replace("    signal: cancel\n", "    \n"));
    expect(await labels(reflexes, '$string(data.pr)"\n    ^\n\nroles')).toContain("signal");
  });
  test("[LSP8] knows the file's first fields", async () => {
    const page = editor.open("name: x\n");
    page.changeAt(8, 8, "r");
    expect(await labels(page, "\nr^")).toEqual(expect.arrayContaining(["roles", "reflexes", "description", "graph"]));
  });
  test("[LSP8] knows the fields of a map that has none yet, and offers none after a key on its line", async () => {
    expect(await labels(editor.open("roles:\n  a:\n    de\n"), "    de^")).toContain("description");
    expect(await labels(editor.open(review.replace('{ from: "event.agent" }', "")), "agent: ^ ")).not.toContain("from");
    expect(await labels(editor.open(review.replace('{ from: "event.agent" }', "{ }")), "agent: { ^}")).toEqual(["from"]);
  });
  test("[LSP8] says what each word of a field means", async () => {
    const page = editor.open(review.replace("on_timeout: rerecruit", "on_timeout: re"));
    const items = await complete(page, "on_timeout: re^");
    const documented = items.map(({ label, documentation }) => [
      label,
      typeof documentation === "object" ? documentation.value : undefined,
    ]);
    expect(documented).toEqual(Object.entries(turnPolicies));
  });
  test("[LSP9] offers roles as targets, with the endings", async () => {
    const page = editor.open(review.replace('{ role: reviewer, prompt: "Review', '{ role: re, prompt: "Review'));
    const items = await complete(page, "role: re^, prompt");
    expect(items.map(({ label }) => label)).toEqual(["reviewer", "author", "$END", "$SUSPEND"]);
    const edit = items[0]?.textEdit;
    expect(edit && page.apply([edit as never])).toBe(review);
  });
  test("[LSP9] offers a target where nothing stands yet", async () => {
    const page = editor.open(review.replace("      role: author\n", "      role: \n"));
    expect(await labels(page, 'role: ^\n      prompt: "Please')).toEqual(["reviewer", "author", "$END", "$SUSPEND"]);
  });
  test("[LSP9] offers roles for `not`, in braces and in lines", async () => {
    expect(await labels(editor.open(review.replace("not: [author]", "not: [au]")), "not: [au^]")).toContain("author");
    const lines = editor.open(review.replace("not: [author]", "not:\n        - au"));
    expect(await labels(lines, "- au^")).toContain("author");
    expect(await labels(lines, "- au^")).not.toContain("reviewer");
  });
  test("[LSP9] offers conditions", async () => {
    const page = editor.open(debate.replace("condition: threeExchanges", "condition: th"));
    expect(await labels(page, "condition: th^")).toEqual(["conceded", "forfeited", "threeExchanges"]);
  });
  test("[LSP9] offers the statuses of the role's schema, then the engine's, without those that are there", async () => {
    const page = editor.open(review.replace("    withdrawn:\n      role: $END", "    \n    x:\n      role: $END"));
    const found = await labels(page, "    ^\n    x:");
    expect(found.slice(0, 2)).toEqual(["withdrawn", "$TIMEOUT"]);
    expect(found).toContain("$MAX_ROUNDS");
    expect(found).not.toContain("updated");
    expect(found).not.toContain("$ACKED");
  });
  test("[LSP9] offers nodes of the graph that are missing, and `$START`", async () => {
    const page = editor.open(review.replace("  $START:\n    new", "  \n  x:\n    new"));
    expect(await labels(page, "graph:\n  ^\n")).toEqual(["$START"]);
  });
  test("[LSP9] offers capabilities that the file uses, and words of the language", async () => {
    const page = editor.open(review.replace("capabilities: [coding]", "capabilities: [co]"));
    expect(await labels(page, "[co^]")).toContain("code-review");
    expect(await labels(editor.open(review.replace("on_timeout: suspend", "on_timeout: ")), "on_timeout: ^ }")).toEqual(
      Object.keys(turnPolicies),
    );
  });
  test("[LSP10] offers roles and functions inside JSONata", async () => {
    const page = editor.open(debate.replace("$last('host')", "$last('ho')"));
    expect(await labels(page, "$last('ho^')")).toEqual(["against", "for", "host"]);
    expect(await labels(editor.open(debate.replace("$last('host')", "$la")), "$la^.summary")).toContain("$last");
    expect(await labels(editor.open(debate.replace("role = 'for'", "role = ''")), "role = '^'")).toContain("host");
  });
  test("[LSP10] offers after a broadcast what its output has, and in a reflex what is the event's", async () => {
    const fleet = `name: a
description: b
input: { properties: { step: { type: string } } }
roles: { fleet: { type: broadcast, frontmatter: { properties: { ok: { type: boolean } } } } }
graph:
  $START: { new: { role: fleet, prompt: Go. } }
  fleet:
    $ACKED: { role: $END, prompt: "{{ acked }}" }
reflexes:
  - { kind: emit, on: [c.d], emit: [{ kind: e.f, data: { x: "{{ agent }}", y: "{{ data.z }}" } }] }
`;
    const offered = await labels(editor.open(fleet), "{{ acked^ }}");
    expect(offered).toEqual(expect.arrayContaining(["acked", "missing", "notAsked", "_last"]));
    expect(offered).not.toContain("ok");
    const reflex = await labels(editor.open(fleet), "{{ agent^ }}");
    expect(reflex).toEqual(expect.arrayContaining(["agent", "data", "_event"]));
    expect(reflex).not.toContain("_status");
    expect(await labels(editor.open(fleet), "{{ data.^z }}")).toEqual([]);
  });

  test("[LSP10] offers the fields of the answer inside Liquid, and roles behind `_last`", async () => {
    const page = editor.open(review.replace("{{ note }}", "{{ n }}"));
    expect(await labels(page, "{{ n^ }}")).toEqual(expect.arrayContaining(["note", "_body", "_last"]));
    expect(await labels(editor.open(review.replace("{{ note }}", "{{ _last.r }}")), "_last.r^ }}")).toEqual(["reviewer", "author"]);
    expect(await labels(editor.open(review.replace("{{ data.repo }}#", "{{ data.r }}#")), "data.r^ }}#")).toContain("repo");
  });
  test("[LSP10] works while the file is broken elsewhere", async () => {
    const page = editor.open(review.replace("concurrency: 8", "concurrency: [8").replace("role: author\n", "role: \n"));
    expect((await page.diagnostics()).length).toBeGreaterThan(0);
    expect(await labels(page, 'role: ^\n      prompt: "Please')).toContain("author");
  });
});

describe("names", () => {
  const places = async (page: Page, piece: string): Promise<string[]> => {
    const found = await page.ask<Location[]>("references", piece, { context: { includeDeclaration: true } });
    return found.map(({ range }) => `${page.slice(range)} ${page.text().split("\n")[range.start.line]?.trim().slice(0, 40)}`);
  };
  const define = async (page: Page, piece: string): Promise<string[]> => {
    const found = await page.ask<Location[]>("definition", piece);
    return found.map(({ range }) => page.text().split("\n")[range.start.line]?.trim() ?? "");
  };

  test("[LSP11] lead to the role, the condition, the status in the schema", async () => {
    expect(await define(editor.open(review), 'role: re^viewer, prompt: "New')).toEqual(["reviewer:"]);
    expect(await define(editor.open(review), "not: [au^thor]")).toEqual(["author:"]);
    expect(await define(editor.open(debate), "condition: for^feited")).toEqual(["forfeited:"]);
    expect(await define(editor.open(debate), "$last('h^ost')")).toEqual(["host:"]);
    expect(await define(editor.open(review), "    with^drawn:\n")).toEqual(["$status: { const: withdrawn }"]);
    expect(await define(editor.open(review), "desc^ription: Owns")).toEqual([]);
  });

  test("[LSP11] of a role stand in roles, graph, targets, `not`, JSONata and Liquid", async () => {
    const page = editor.open(
      debate
        .replace("$count(steps[role = 'for'])", "$count(steps[role = 'for' and $first(\\\"for\\\").conceded])")
        .replace('to: "x"', "")
        .replace("{ kind: debate.closed,", '{ kind: debate.closed, to: "*, role:for",'),
    );
    expect(await places(page, "  fo^r:\n    type")).toEqual([
      "for for:",
      "for expression: \"$count(steps[role = 'for' a",
      "for expression: \"$count(steps[role = 'for' a",
      'for - { role: for, prompt: "Answer the point',
      "for for:",
      'for - { kind: debate.closed, to: "*, role:fo',
    ]);
  });

  test("[LSP12] of a role are renamed everywhere, and the file means the same", async () => {
    const text = review
      .replace("{{ note }}", "{{ note }} {{ _last.reviewer.changes }} {{ _last['reviewer'].changes }}")
      .replace('when: "$not', 'when: "$not')
      .replace("{ kind: review.withdrawn,", '{ kind: review.withdrawn, to: "role:reviewer",');
    const page = editor.open(text);
    expect(await page.diagnostics()).toEqual([]);
    const edit = await page.ask<WorkspaceEdit>("rename", 'role: re^viewer, prompt: "New', { newName: "second-pair" });
    const renamed = page.apply(edit.changes?.[page.uri] ?? []);
    expect(renamed).toBe(text.replaceAll(/(?<!a recruited )\breviewer\b(?! iterate| accepts)/g, "second-pair"));
    expect(parseWorkflow(renamed).diagnostics).toEqual([]);
  });

  test("[LSP12] of a role are renamed in expressions of every kind", async () => {
    const page = editor.open(debate);
    const edit = await page.ask<WorkspaceEdit>("rename", "  ho^st:\n    type", { newName: "chair" });
    const renamed = page.apply(edit.changes?.[page.uri] ?? []);
    expect(renamed).not.toMatch(/\bhost\b(?!-1| sums)/);
    expect(parseWorkflow(renamed).ir?.roles.map(({ name }) => name)).toEqual(["against", "for", "chair"]);
  });

  test("[LSP12] are renamed in a file that is broken elsewhere", async () => {
    const page = editor.open(debate.replace("max_rounds: 12", "max_rounds: [12"));
    expect((await page.diagnostics()).length).toBeGreaterThan(0);
    const edit = await page.ask<WorkspaceEdit>("rename", "  ho^st:\n    type", { newName: "chair" });
    expect(page.apply(edit.changes?.[page.uri] ?? [])).not.toMatch(/\bhost\b(?!-1| sums)/);
  });

  test("[LSP12] that are taken or none are refused with the reason", async () => {
    const page = editor.open(review);
    await expect(page.ask("rename", "  auth^or:\n    type", { newName: "reviewer" })).rejects.toThrow("already");
    await expect(page.ask("rename", "  auth^or:\n    type", { newName: "a.b" })).rejects.toThrow("can not name a role");
    expect(await page.ask("prepareRename", "    app^roved:\n")).toBeNull();
  });
});

describe("document symbols", () => {
  test("[LSP13] show roles, conditions, nodes and their edges, each inside its parent", async () => {
    const page = editor.open(debate);
    const symbols = await editor.connection.sendRequest<DocumentSymbol[]>("textDocument/documentSymbol", {
      textDocument: { uri: page.uri },
    });
    const names = (name: string) => symbols.find((symbol) => symbol.name === name)?.children?.map((child) => child.name);
    expect(names("roles")).toEqual(["against", "for", "host"]);
    expect(names("conditions")).toEqual(["conceded", "forfeited", "threeExchanges"]);
    expect(names("graph")).toEqual(["$START", "against", "for", "host"]);
    expect(
      symbols.find((symbol) => symbol.name === "graph")?.children?.[1]?.children?.map(({ name, detail }) => `${name} ${detail}`),
    ).toEqual(["conceded → host", "forfeited → host", "otherwise → for"]);
    const isBefore = (a: { line: number; character: number }, b: { line: number; character: number }) =>
      a.line < b.line || (a.line === b.line && a.character <= b.character);
    const check = (symbol: DocumentSymbol): void => {
      expect(isBefore(symbol.range.start, symbol.selectionRange.start) && isBefore(symbol.selectionRange.end, symbol.range.end)).toBe(true);
      for (const child of symbol.children ?? []) {
        expect(isBefore(symbol.range.start, child.range.start) && isBefore(child.range.end, symbol.range.end)).toBe(true);
        check(child);
      }
    };
    for (const symbol of symbols) check(symbol);
  });
});

describe("whatever is typed", () => {
  test("[LSP14] every request is answered at every place of a file cut off anywhere", async () => {
    for (const text of [review, debate]) {
      for (let end = 0; end < text.length; end += 97) {
        const page = editor.open(text.slice(0, end));
        const last = page.text().slice(-20);
        const position = last === "" ? { line: 0, character: 0 } : page.at(`${last}^`);
        const about = { textDocument: { uri: page.uri }, position };
        for (const method of ["hover", "completion", "definition", "documentHighlight", "prepareRename", "documentSymbol"])
          await editor.connection.sendRequest(`textDocument/${method}`, about);
        void editor.connection.sendNotification("textDocument/didClose", { textDocument: { uri: page.uri } });
      }
    }
  });
});
