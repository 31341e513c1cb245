/** What `nerveflare prove` prints first. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { runCli } from "../../../src/cli/main.ts";
import { writePair } from "../explore/compile-text.ts";

async function prove(text: string, ...args: string[]): Promise<{ code: number; out: string }> {
  const folder = mkdtempSync(join(tmpdir(), "nerveflare-prove-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "w.yaml");
  writeFileSync(file, text);
  let out = "";
  const code = await runCli(["prove", file, ...args], { stdout: { write: (said) => (out += said) }, stderr: { write: () => {} }, env: {} });
  return { code, out };
}

test("[PROVE2] a proof that was cut begins with that, with findings and without, and claims nothing proved", async () => {
  const faulty = writePair().replace("max_rounds: 6", "max_rounds: 1").replace("done: { role: $END", "done: { role: other");
  for (const [text, code] of [
    [writePair(), 0],
    [faulty, 1],
  ] as const) {
    const cut = await prove(text, "--states", "30");
    expect(cut.out).toMatch(/^not finished: .*w\.yaml: explored \d+ states, and was cut where /);
    expect(cut.out).not.toContain("proved");
    expect(cut.code).toBe(code);
    expect(cut.out.includes("error[")).toBe(code === 1);
  }
  expect((await prove(writePair())).out).toMatch(/^proved .*w\.yaml: explored \d+ states: every one within the bounds/);
});
