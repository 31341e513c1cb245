/** What an editor shows and offers of the values that expressions and templates name, from a real server process. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CompletionItem, Hover, MarkupContent } from "vscode-languageserver/node";
import { type SoundWorkflow, soundWorkflows } from "../compile/sound-workflows.ts";
import { type Editor, startEditor } from "./editor.ts";

let editor: Editor;
beforeAll(async () => {
  editor = await startEditor();
});
afterAll(async () => {
  expect(await editor.close()).toBe(0);
  expect(editor.errors()).toBe("");
});

/** Opens a workflow in which a text was replaced; `^` is where the cursor stands. */
function open(of: SoundWorkflow, from: string, to: string): ReturnType<Editor["open"]> {
  const text = soundWorkflows[of];
  expect(text.split(from), "the text stands there once").toHaveLength(2);
  return editor.open(text.replace(from, () => to.replace("^", "")));
}

async function hover(of: SoundWorkflow, from: string, to: string): Promise<string> {
  const page = open(of, from, to);
  const found = await page.ask<Hover | null>("hover", to);
  return found
    ? `${found.range ? page.slice(found.range) : ""}: ${(found.contents as MarkupContent).value.split("\n\n").slice(0, 2).join(" ")}`
    : "";
}

async function complete(of: SoundWorkflow, from: string, to: string): Promise<CompletionItem[]> {
  return (await open(of, from, to).ask<{ items: CompletionItem[] }>("completion", to)).items;
}

describe("hover over a field that its schema describes", () => {
  test.each(["steps[-1].output.poi^nts > 3", "steps[-1].output.poi^nts < 3"])("[LSP22] %s", async (to) => {
    const described = soundWorkflows.listed.replace(
      "points: { type: integer }",
      "points: { type: integer, description: From nought to ten. }",
    );
    const page = editor.open(described.replace("steps[-1].output.points > 3", () => to.replace("^", "")));
    const found = await page.ask<Hover>("hover", to);
    expect((found.contents as MarkupContent).value).toContain("From nought to ten.");
  });
});

describe("hover", () => {
  test.each<[of: SoundWorkflow, from: string, to: string, says: string]>([
    [
      "hiring",
      "steps[-1].output.grade = 'a'",
      "steps[-1].output.gr^ade = 'a'",
      "grade: **`grade`**: `'a' | 'b' | 'c'` Of an answer of `sorter`.",
    ],
    ["hiring", "_last.sorter.grade", "_last.sorter.gra^de", "grade: **`grade`**: `'a' | 'b' | 'c'` Of an answer of `sorter`."],
    ["hiring", "{{ m.topic }}", "{{ m.to^pic }}", "topic: **`topic`**: `text` Of an item."],
    ["hiring", "{{ m.topic }}", "{{ m^.topic }}", "m: **`m`**: `{ topic: text, mark: number }`"],
    ["hiring", "load < 3", "lo^ad < 3", "load: **`load`**: `number` Of the agent's card."],
    ["hiring", "stats.success", "stats.suc^cess", "success: **`success`**: `number` Of `stats`."],
    ["hiring", "Look at {{ data.name }}", "Look at {{ data.na^me }}", "name: **`name`**: `text` Of `input`."],
    [
      "hiring",
      "{{ data.reason }}",
      "{{ data.rea^son }}",
      "reason: **`reason`**: `text`, may be absent Of the data of `nerve.thread.suspended`.",
    ],
    ["hiring", "{{ letter }},", "{{{ let^ter }}},", "letter: **`letter`**: `text` Of an answer of `clerk`."],
    ["hiring", "data.urgent = true", "data.urg^ent = true", "urgent: **`urgent`**: `boolean`, may be absent Of `input`."],
    [
      "listed",
      "$exists(steps[-1].output.words)",
      "$exists(steps[-1].output.wo^rds)",
      "words: **`words`**: `text`, may be absent Of an answer of `judge`.",
    ],
    [
      "listed",
      "$last('side').speech",
      "$la^st('side').speech",
      "$last: **`$last`**: `{ speech: text, verdict?: 'left' | 'right', length?: number }`",
    ],
  ])("[LSP22] in %s, %s as %s", async (of, from, to, says) => {
    expect(await hover(of, from, to)).toBe(says);
  });

  test("[LSP22] in a folded text of several lines", async () => {
    const folded = "prompt: >-\n        Grade\n        {{ gr^ade }}";
    expect(
      await hover(
        "hiring",
        "prompt: \"Grade {{ grade | upcase }} {% if grade == 'a' %}!{% endif %} {{ skills | join: ', ' }} {{ score | times: 2 }}\"",
        folded,
      ),
    ).toContain("`'a' | 'b' | 'c'`");
  });
});

describe("completion", () => {
  const sorter = ["score", "grade", "why", "parts", "skills"];
  test.each<[of: SoundWorkflow, from: string, to: string, offers: string[]]>([
    ["hiring", "steps[-1].output.grade = 'a'", "steps[-1].output.^", ["$status", ...sorter]],
    ["hiring", "steps[-1].output.grade = 'a'", "steps[-1].output.gr^ = 'a'", ["$status", ...sorter]],
    ["hiring", "steps[-1].output.grade = 'a'", "steps[-1].output.grade = '^'", ["a", "b", "c"]],
    ["hiring", "steps[-1].output.grade = 'a'", "steps[-1].output.grade in ['a', '^']", ["a", "b", "c"]],
    ["hiring", "$event.data.id", "$event.data.^", ["id", "name", "urgent", "level", "age"]],
    ["listed", "$last('side').speech", "$last('side').^", ["speech", "verdict", "length"]],
    ["hiring", "data.urgent ? 10 : 0", "data.^ ? 10 : 0", ["id", "name", "urgent", "level", "age"]],
    ["hiring", "load < 3", "^ < 3", ["id", "capabilities", "roles", "kinds", "labels", "load", "capacity"]],
    ["hiring", "vote = 'yes' or vote = 'no'", "vote = '^", ["yes", "no"]],
    ["hiring", "_last.sorter.grade", "_last.sorter.^", sorter],
    ["hiring", '_last.sorter.grade }}"', '_last.sorter.^"', sorter],
    ["hiring", "{{ m.topic }}", "{{ m.^ }}", ["topic", "mark"]],
    ["hiring", "{{ letter }},", "{{{ _last.sorter.^ }}},", ["fault", "final", ...sorter]],
    ["hiring", "grade == 'a'", "grade == '^'", ["a", "b", "c"]],
    ["hiring", "Look at {{ data.name }}", "Look at {{ data.^ }}", ["id", "name", "urgent", "level", "age"]],
    ["hiring", "{{ data.reason }} of", "{{ data.^ }} of", ["thread", "workflow", "roles", "epoch", "reason"]],
  ])("[LSP23] in %s, %s as %s", async (of, from, to, offers) => {
    const labels = (await complete(of, from, to)).map(({ label }) => label);
    expect(labels.sort()).toEqual([...offers].sort());
  });

  test("[LSP23] a loop's variable is offered where names stand, and a field says its type", async () => {
    const items = await complete("hiring", "{{ m.topic }}", "{{ ^ }}");
    expect(items.map(({ label }) => label)).toEqual(expect.arrayContaining(["m", "each", "answers", "_last"]));
    const [first] = await complete("listed", "$last('side').speech", "$last('side').^");
    expect(first?.documentation).toMatchObject({ value: expect.stringContaining("`text`") });
  });

  test("[LSP23] a name that a path can't say as it is comes in backquotes", async () => {
    const from = "steps[-1].output.grade = 'a'";
    const edited = async (to: string) => (await complete("hiring", from, to)).find(({ label }) => label === "$status")?.textEdit?.newText;
    expect(await edited("steps[-1].output.^")).toBe("`$status`");
    expect(await edited("steps[-1].output.`^` = 'fit'")).toBe("$status");
  });
});
