import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { replaceFile } from "../../../src/replace-file.ts";

test("[FILE5] a file that is kept is replaced whole, for its owner alone, and a failure leaves no part of it behind", () => {
  const folder = mkdtempSync(join(tmpdir(), "nerveflare-replace-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "kept");
  writeFileSync(path, "before", { mode: 0o644 });
  // What a process of the same number left when it was killed.
  writeFileSync(`${path}.${process.pid}`, "half", { mode: 0o666 });
  replaceFile(path, "after");
  expect([readFileSync(path, "utf8"), statSync(path).mode & 0o777, readdirSync(folder)]).toEqual(["after", 0o600, ["kept"]]);

  const taken = join(folder, "taken");
  mkdirSync(join(taken, "by a folder"), { recursive: true });
  expect(() => replaceFile(taken, "never")).toThrow();
  expect(readdirSync(folder)).toEqual(["kept", "taken"]);
});
