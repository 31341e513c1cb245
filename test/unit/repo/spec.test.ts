/** That docs/spec.md and the titles of all tests say the same, and that a difference is told with its place and with what to do. */
import { globSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { compareSpec } from "./compare-spec.ts";
import { readTests } from "./read-titles.ts";

const sources = globSync("test/**/*.ts").sort();

test("[DOCS5] every test names the promise that it holds, and every promise of docs/spec.md has a test", () => {
  const tests = sources.flatMap((file) => readTests(file, readFileSync(file, "utf8")));
  expect(tests.length).toBeGreaterThan(1000);
  const faults = compareSpec(readFileSync("docs/spec.md", "utf8"), tests);
  expect(faults, `docs/spec.md and the titles of the tests differ:\n${faults.join("\n")}\n`).toEqual([]);
});

test("[DOCS5] what pages and comments quote as a promise is one", () => {
  const promises = new Set(readFileSync("docs/spec.md", "utf8").match(/(?<=^- \*\*\[)[A-Z]+\d+/gm));
  const families = new Set([...promises].map((promise) => promise.replace(/\d+$/, "")));
  const faults = [...sources, ...globSync("docs/*.md"), ...globSync("src/**/*.ts")].flatMap((file) =>
    readFileSync(file, "utf8")
      .split("\n")
      .flatMap((text, index) =>
        [...text.matchAll(/\[(([A-Z]+)\d+)\]/g)]
          .filter(([, promise = "", family = ""]) => families.has(family) && !promises.has(promise))
          .map(([quoted]) => `${file}:${index + 1}: ${quoted} is not in docs/spec.md. Correct the number, or take it out.`),
      ),
  );
  // What stands here as an example of a fault is none.
  const real = faults.filter((fault) => !fault.startsWith("test/unit/repo/spec.test.ts"));
  expect(real, `These quote what docs/spec.md does not promise:\n${real.join("\n")}\n`).toEqual([]);
});

const sound = "### MAIL: Mailboxes\n\nOne line.\n\n- **[MAIL1]** Mail arrives.\n- **[MAIL2]** Mail stays.\n";
const tested = 'test("[MAIL1] a", () => {});\ntest.each([1])("[MAIL2] %s", () => {});\n';

test.each<[what: string, spec: string, source: string, faults: RegExp[]]>([
  ["nothing", sound, tested, []],
  ["a test without a number", sound, `${tested}it("c", () => {});`, [/^t\.ts:3: "c" names no promise\. Begin the title/]],
  ["a title that is a variable", sound, `${tested}it(title, () => {});`, [/^t\.ts:3: title names no promise/]],
  ["a number that is not in the page", sound, `${tested}it("[MAIL3] c", () => {});`, [/^t\.ts:3: \[MAIL3\] is not in .*, below line 6\.$/]],
  ["a family that is not in the page", sound, `${tested}it("[POST1] c", () => {});`, [/^t\.ts:3: \[POST1\] .* under a heading/]],
  ["a promise without a test", sound, 'test("[MAIL1] a", () => {});', [/^docs\/spec\.md:6: no test names \[MAIL2\]/]],
  ["a number that stands twice", `${sound}- **[MAIL2]** Mail goes.\n`, tested, [/^docs\/spec\.md:7: \[MAIL2\] comes after \[MAIL2\]/]],
  [
    "a family that stands twice",
    `${sound}\n### MAIL: Letters\n\n- **[MAIL1]** Letters arrive.\n`,
    tested,
    [/^docs\/spec\.md:8: MAIL is the family of line 1 already/],
  ],
  ["a sentence that stands twice", sound.replace("stays", "arrives"), tested, [/^docs\/spec\.md:6: \[MAIL2\] says the same as \[MAIL1\]/]],
  [
    "a gap",
    sound.replace("MAIL2", "MAIL3"),
    tested.replace("MAIL2", "MAIL3"),
    [/^docs\/spec\.md:6: MAIL2 is missing\. .*`Not given: MAIL2\.`$/],
  ],
  ["a gap that is told", `${sound.replace("MAIL2", "MAIL4")}\nNot given: MAIL2–MAIL3.\n`, tested.replace("MAIL2", "MAIL4"), []],
  ["a number that is given again", `${sound}\nNot given: MAIL2.\n`, tested, [/^docs\/spec\.md:6: \[MAIL2\] is listed as not given/]],
  ["a promise in another family", `${sound}- **[POST1]** Post.\n`, tested, [/^docs\/spec\.md:7: \[POST1\] stands under MAIL/]],
  ["a promise that is written otherwise", `${sound}- [MAIL3] Mail.\n`, tested, [/^docs\/spec\.md:7: a promise is written as/]],
  ["a family without promises", `${sound}\n### POST: Post\n`, tested, [/^docs\/spec\.md:8: POST has no promise/]],
])("[DOCS6] of %s the comparison says where and what to do", (_, spec, source, faults) => {
  expect(compareSpec(spec, readTests("t.ts", source))).toEqual(faults.map((fault) => expect.stringMatching(fault)));
});

test.each<[what: string, source: string, promises: string[][]]>([
  ["two numbers", 'it("[A1] [B2] both", () => {})', [["A1", "B2"]]],
  ["a template", `it(\`[A1] \${seeds} seeds\`, async () => {})`, [["A1"]]],
  [
    "each, for, concurrent, skipIf",
    'test.concurrent.each(rows)("[A1] %s", f); test.for(rows)("[A2] $x", f); test.skipIf(no)("[A3] x", f)',
    [["A1"], ["A2"], ["A3"]],
  ],
  ["options before the body", 'test("[A1] slow", { timeout: 1 }, f)', [["A1"]]],
  [
    "describes around it",
    'describe.each(ways)("[A1] by %s", () => { describe("x", () => { it("[A2] y", f); }); it("z", f); })',
    [["A1", "A2"], ["A1"]],
  ],
  ["a describe beside it", 'describe("[A1] x", () => {}); it("y", f)', [[]]],
  ["rows", `const rows = [{ name: "[A1] x" }, { name: "y" }]; for (const { name } of rows) test(\`\${name}: z\`, f)`, [["A1"], []]],
  ["a number in the middle, or in what is no test", 'it("a [A1] b", f); regex.test("[A1]", 1); other("[A1] c", f)', [[]]],
])("[DOCS6] the promises of a title are read through %s", (_, source, promises) => {
  expect(readTests("t.ts", source).map((each) => each.promises)).toEqual(promises);
});
