/** [DOCS11] The table of variables has what the code reads, and nothing else. */
import { globSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

/** A binding of the local server's Worker, and a word of an error message. */
const none = ["NERVEFLARE_HOST", "NERVEFLARE_NAME"];

test("[DOCS11] each variable of the code has a row in the table of docs/operations.md, and each row is read by something", () => {
  const table = /^## Variables\n([\s\S]*?)\n## /m.exec(readFileSync("docs/operations.md", "utf8"))?.[1] ?? "";
  const rows = table.split("\n").flatMap((line) => (line.split("|")[1] ?? "").match(/NERVEFLARE_[A-Z_]+/g) ?? []);
  const files = globSync("{bin,src,examples,editors,python,scripts,bench,test}/**/*.{ts,js,mjs,py}", {
    exclude: (path) => /node_modules|dist|variables\.test/.test(path),
  });
  const read = files.flatMap((path) => readFileSync(path, "utf8").match(/\bNERVEFLARE_[A-Z_]*[A-Z]\b/g) ?? []);
  expect(rows.toSorted()).toEqual([...new Set(read)].filter((name) => !none.includes(name)).toSorted());
});
