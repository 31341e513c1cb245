/** How V8 keeps the texts that a turn writes, which is seen in no value. */
import { setFlagsFromString } from "node:v8";
import { afterEach, expect, test } from "vitest";
import { byItself, inOnePiece } from "../../../../src/contract/one-piece.ts";
import { pair, readers } from "./pair.ts";
import { openStage } from "./stage.ts";

setFlagsFromString("--allow-natives-syntax");
const isWhole = new Function("text", "return %StringIsFlat(text)") as (text: string) => boolean;
const { stringify } = JSON;

afterEach(() => {
  JSON.stringify = stringify;
});

/** Where a value has a text that is kept as a tree of its parts. */
function listTrees(value: unknown, path: string): string[] {
  if (typeof value === "string") return isWhole(value) ? [] : [path];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => listTrees(member, `${path}.${name}`));
}

test("[COUNT13] no text that a turn adds to the journal is kept as a tree", async () => {
  const stage = openStage(pair, ["lead", ...readers], { thread: "t7mgbmazvj7kfxbzrgxklsj7wj" });
  await stage.start();
  await stage.claim("ann");
  const found: string[] = [];
  let entries = 0;
  JSON.stringify = ((value: unknown, ...rest: []) => {
    if (typeof value === "object" && value !== null && "steps" in value && "out" in value) {
      entries += 1;
      found.push(...listTrees(value, ""));
    }
    return stringify(value, ...rest);
  }) as typeof stringify;
  await stage.answer("ann", { $status: "unclear" });
  await stage.answer("lead", { $status: "written" });
  expect(entries).toBe(2);
  expect(found).toEqual([]);
});

test("[COUNT13] a text made whole is the same text", () => {
  const part = "Ærø → 100";
  for (const text of ["", "x", `${part} and more`, `${part} % and %41 more`])
    expect([inOnePiece(text), byItself(text)]).toEqual([text, text]);
  expect([`${part} and more`, `${part} %`].map((text) => isWhole(byItself(text)))).toEqual([true, true]);
});
