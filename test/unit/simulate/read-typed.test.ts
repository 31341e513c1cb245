/** [TYPED1]–[TYPED3] What a person types is answered in the words of who types, with the place. */
import { expect, test } from "vitest";
import { readCommand } from "../../../src/simulate/read-command.ts";
import { pointAt, readTyped } from "../../../src/simulate/read-typed.ts";

/** Words of the parser, which nobody types. */
const jargon = /flow|block|scalar|implicit|compact|token|collection|anchor|alias|stream|YAML|node|map\b/i;

test.each([
  ["$status: approved summary: fine", "a comma is missing before this, or text that holds `: ` needs quotes", "summary"],
  ["$status: approved, note: it: bad", "a comma is missing before this, or text that holds `: ` needs quotes", "it"],
  ['{ "a": 1 "b": 2 }', "a comma is missing before this, or text that holds `: ` needs quotes", '"b"'],
  ['{"$status": "approved"', "`{` is opened and not closed by `}`", "{"],
  ["$status: [a, b", "`[` is opened and not closed by `]`", "["],
  ['$status: "approved', 'a quote (") is opened and not closed', '"approved'],
  ["$status: 'approved", "a quote (') is opened and not closed", "'approved"],
  ["$status: approved,, a: b", "`,` is one too many", ", a"],
  ["{ $status: approved }}", "`}` is one too many", "}"],
  ["$status: @bob", "text that begins with `@` needs quotes", "@"],
  ["$status: *bob", "text that begins with `*` needs quotes", "*"],
  ["$status: !bob x", "text that begins with `!` needs quotes", "!"],
  ["$status: `x`", "text that begins with ``` needs quotes", "`"],
  ["$status: a, $status: b", "`$status` is given twice", "$status: b"],
  ['$status: "\\q"', "`\\q` means nothing between double quotes: write `\\\\`, or use single quotes", "\\q"],
])("[TYPED1] %s", (line, message, at) => {
  const command = readCommand(line);
  const [first = "", shown = "", caret = ""] = command.type === "wrong" ? command.message.split("\n") : [];
  expect(first).toBe(`this is no answer: ${message}`);
  expect(first).not.toMatch(jargon);
  expect(shown.trim()).toBe(line);
  expect(shown.slice(caret.indexOf("^")).startsWith(at), `${shown}\n${caret}`).toBe(true);
});

test.each([
  ["steps:\n  - answer: { a: 1 }\n - answer: {}\n", /indented/, 3],
  ["steps:\n\t- timeout\n", /spaces, not by tabs/, 2],
  ["- { $status: approved\n- timeout\n", /`\{` is opened and not closed/, 1],
  ["- a: b: c\n", /`: ` needs quotes/, 1],
  ["--- a\n--- b\n", /several documents/, 2],
])("[TYPED2] a script %j is answered at its line", (text, message, line) => {
  const typed = readTyped(text);
  expect(typed.ok ? "read" : typed.message).toMatch(message);
  expect(typed.ok ? "read" : typed.message).not.toMatch(jargon);
  expect(typed.ok ? 0 : pointAt(text, typed.at).line).toBe(line);
});

test("[TYPED3] no text, however mangled, is answered in the parser's own words", () => {
  const text = 'steps:\n  - answer: { $status: "done", list: [1, 2] }\n  - fail: why\n';
  for (let at = 0; at < text.length; at++)
    for (const put of ["", "{", "]", '"', ": ", ",", "\t", "\n", "*", "&x", "!", "%", "@", "|", "- "]) {
      const typed = readTyped(text.slice(0, at) + put + text.slice(at + 1));
      if (!typed.ok) expect(typed.message, JSON.stringify(text.slice(0, at) + put)).not.toMatch(jargon);
    }
});
