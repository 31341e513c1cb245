/** What programs and language models print around their answer, and what they are told when it cannot be read. */
import { expect, test } from "vitest";
import type { JsonSchema } from "../../../src/contract/json-schema/check-schema.ts";
import { readOutput } from "../../../src/exec/read-output.ts";

const schema: JsonSchema = {
  type: "object",
  properties: { $status: { const: "ok" }, n: { type: "integer" }, note: {} },
  required: ["$status", "n"],
};
const answer = (n: number, more = {}) => ({ ok: true, output: { $status: "ok", n, ...more } });
const read = (text: string, cut = false) => readOutput(text, { schema, cut });

test.each([
  ["a log line before pretty-printed JSON", 'reading files\n{\n  "$status": "ok",\n  "n": 1\n}\n'],
  ["CRLF", 'reading\r\n{\r\n  "$status": "ok",\r\n  "n": 1\r\n}\r\n'],
  ["a sentence before it", 'Here is my answer: {"$status": "ok", "n": 1}. Anything else?'],
  ["a fenced block", '```json\n{"$status": "ok", "n": 1}\n```\n'],
  [
    "several fenced blocks",
    '```json\n{"$status": "ok", "n": 0}\n```\nNo, rather:\n```json\n{"$status": "ok", "n": 1}\n```\n```ts\nif (x) { y(); }\n```',
  ],
  ["a log line after it", '{"$status": "ok", "n": 1}\n{"level": 30, "msg": "done"}\n'],
  ["a log line in many lines after it", '{"$status": "ok", "n": 1}\n{\n  "level": 30,\n  "msg": {"$status": "ok", "n": 7}\n}\n'],
  ["an answer that lacks a field before it", '{"$status": "ok", "n": 1}\n{"$status": "ok"}'],
  ["two answers on a line", '{"$status": "ok", "n": 0} {"$status": "ok", "n": 1}'],
  ["a list of one", '[{"$status": "ok", "n": 1}]'],
  ["a byte order mark", '\ufeff{"$status": "ok", "n": 1}'],
  ["colours", '\u001b[1;32m{"$status": \u001b[0m"ok", "n"\u001b[K: 1}\u001b]0;title\u0007'],
  ["thoughts", '<think>perhaps {"$status": "ok", "n": 0}, or {</think>{"$status": "ok", "n": 1}'],
  ["thoughts whose beginning stood in the prompt", '{"$status": "ok", "n": 0}\n</think>\n{"$status": "ok", "n": 1}'],
  ["braces that are no JSON", 'use {curly}, {"mode" and {$status}: {"$status": "ok", "n": 1} and }{'],
  ["a dump that was cut off", '{"request": {\n{"$status": "ok", "n": 1}\n'],
])("[EXEC1] the answer is found: %s", (_, text) => expect(read(text)).toEqual(answer(1)));

test("[EXEC2] braces, fences and tags within texts are texts", () => {
  const note = 'a } and {"$status": "ok", "n": 9} and \\"``` </think> <think>';
  expect(read(`so:\n${JSON.stringify({ $status: "ok", n: 1, note }, null, 2)}\n`)).toEqual(answer(1, { note }));
});

test("[EXEC3] an answer that does not fit goes to the server, rather than a log line that does not either", () => {
  expect(read('{"$status": "ok", "n": "one"}\n{"level": 30}')).toEqual({ ok: true, output: { $status: "ok", n: "one" } });
});

test("[EXEC3] where the schema takes anything, a status tells the answer from a log line; without one the last counts", () => {
  expect(readOutput('{"$status": "ok"}\n{"level": 30}', { schema: true })).toEqual({ ok: true, output: { $status: "ok" } });
  expect(readOutput('{"vote": 1}\n{"vote": 2}', { schema: { properties: { vote: {} } } })).toEqual({ ok: true, output: { vote: 2 } });
  expect(readOutput('{"a": 1}\n{"b": 2}')).toEqual({ ok: true, output: { b: 2 } });
});

test("[EXEC3] names and statuses are found in branches and references", () => {
  const branched: JsonSchema = {
    oneOf: [{ $ref: "#/$defs/done" }, { allOf: [{ properties: { $status: { enum: ["stuck"] } } }] }, { $ref: "#" }],
    $defs: { done: { properties: { $status: { const: "done" } } } },
  };
  expect(readOutput("Well.", { schema: branched })).toMatchObject({
    mend: expect.stringContaining('Print one whose $status is "done" or "stuck".'),
  });
  expect(readOutput("Well.", { schema: { required: ["vote"] } })).toMatchObject({
    mend: expect.stringContaining('Print one with "vote".'),
  });
});

test.each([
  ['{"$status": "ok", "n": 1,}', "a comma stands before the closing }: remove it"],
  ['{"$status": "ok", "n": 1, "note": [1,]}', "a comma stands before the closing ]: remove it"],
  ["{'$status': 'ok', 'n': 1}", "JSON has double quotes, not single ones"],
  ["{\"$status\": 'ok'}", "JSON has double quotes, not single ones"],
  ["{“$status”: “ok”}", 'JSON has plain quotes ("), not typographic ones'],
  ["{$status: 'ok'}", "the name $status needs double quotes"],
  ['{"$status": ok}', "ok is no JSON: a text needs double quotes"],
  ['{"$status": "ok", "note": None}', "None is Python's: write true, false or null"],
  ['{"$status": "ok", "n": .5}', ".5 is no number in JSON"],
  ['{"$status": "ok", // fine\n "n": 1}', "JSON has no comments: remove them"],
  ['{"$status": "ok", "note": "he said "hi" to me"}', 'a double quote inside a text is written \\"'],
  ['{"$status": "ok" "n": 1}', "a comma is missing"],
  ['{"$status" "ok"}', "a colon is missing"],
  ['{"$status": "ok", "n": }', "a value is missing"],
  ['{"$status": "ok", "note": "two\nlines"}', "write a line break as \\n"],
  ['{"$status": "ok", "note": "a\tb"}', "write it as \\u0009"],
  ['{"$status": "ok", "note": "C:\\dir"}', "\\d is no escape in JSON: write \\\\ for a backslash"],
  ['{"$status": "ok", "note": [{"n": 1}', "it is cut off: the closing ]} are missing"],
  ['{"$status": "ok', "it is cut off in the middle of a text"],
  ['{"$status": "ok\n', "it is cut off in the middle of a text"],
  ['{"$status": "ok", "note": [1}', "a } closes what the other kind of bracket opened"],
  ['"{\\"$status\\": \\"ok\\", \\"n\\": 1}"', "its quotes are escaped"],
  ['{"$status": "ok", "n": 1}\nNo: {"$status": "ok", "n": 2,}', "a comma stands before the closing }"],
  ['<think>{"$status": "ok", "n": 1}</think>Wait: {"$status": "ok", "n": 2', "it is cut off"],
  ["I could not find anything to review.", 'no JSON object on stdout. It ended with "I could not find anything to review.".'],
  [" \r\n", "It printed nothing."],
  ["[1, 2]", "It printed JSON of another kind: an array."],
  ['"done"', "It printed JSON of another kind: a string."],
  ["null", "It printed JSON of another kind: null."],
  ['<think>{"$status": "ok", "n": 1}</think>\nDone!', "only thought: print the output after it"],
])("[EXEC4] says the one thing to change about %j", (text, mend) => {
  expect(read(text)).toEqual({ ok: false, mend: expect.stringContaining(mend) });
});

test("[EXEC4] says where, and shows it", () => {
  expect(read('thinking\n{\n  "$status": "ok",\n  "n": 1,\n}\n')).toEqual({
    ok: false,
    mend: 'The JSON object does not parse: a comma stands before the closing }: remove it (on line 5, before `}`, after `{ "$status": "ok", "n": 1,`).',
  });
});

test("[EXEC5] the end of a larger object is no object", () => {
  const whole = JSON.stringify({ $status: "ok", n: 1, items: Array.from({ length: 50 }, (_, n) => ({ $status: "ok", n })) }, null, 1);
  expect(read(whole)).toMatchObject({ ok: true, output: { n: 1 } });
  expect(read(whole.slice(whole.length / 2), true)).toEqual({
    ok: false,
    mend: expect.stringContaining("Only the last 1048576 bytes are read"),
  });
  expect(read(`${whole.slice(whole.length / 2)}\n{"$status": "ok", "n": 2}\n`, true)).toEqual(answer(2));
});

test("[EXEC5] what cannot be sent is told at once: too long, too deep", () => {
  expect(read(JSON.stringify({ $status: "ok", n: 1, note: "é".repeat(150_000) }))).toEqual({
    ok: false,
    mend: expect.stringMatching(/^The output has 300\d\d\d bytes; at most \d+ fit.*NERVEFLARE_ARTIFACTS/),
  });
  expect(read(`{"$status": "ok", "n": 1, "note": ${"[".repeat(63)}${"]".repeat(63)}}`)).toEqual({
    ok: false,
    mend: expect.stringContaining("nests deeper than 63 levels"),
  });
  expect(read(`{"$status": "ok", "n": 1, "note": ${"[".repeat(62)}${"]".repeat(62)}}`)).toMatchObject({ ok: true });
});

const hostile = [
  ..."{}[",
  '{"',
  '{"a":',
  '{"a":[',
  '{"a":\n',
  '{"a":{}',
  "\n{",
  "{'",
  "{$",
  "{a ",
  '{"\\u',
  '{"a":"{\\"',
  '{"a":1}\n',
  '{"$status":1,}\n',
  '{"$status":"ok"}',
  "<think>{",
  "</think>{}",
  "\u001b[",
  "\u001b]",
  "-1",
];

/** How often more: a scan that goes over the rest of the text from each place would take the square of it. */
const growth = 8;

test.each(hostile)("[EXEC6] time grows with what was printed, not faster: %j repeated", (piece) => {
  const measure = (length: number) => {
    const text = piece.repeat(Math.ceil(length / piece.length));
    const started = performance.now();
    read(text);
    return performance.now() - started;
  };
  measure(1 << 17);
  const small = Math.min(...[1, 2, 3].map(() => measure(1 << 17)));
  // The square of it takes minutes.
  const large = Math.min(...[1, 2].map(() => measure(growth << 17)));
  expect(large).toBeLessThan(Math.max(2_000, small * growth * 4));
});

test("[EXEC6] an object in 1 MB of others is judged without looking at them all", () => {
  expect(read(`${'{"level":30}\n'.repeat(80_000)}{"$status":"ok","n":1}\n${'{"level":30}\n'.repeat(900)}`)).toEqual(answer(1));
});
