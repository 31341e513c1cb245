/** `nerveflare agent --preset`: what it stands for, and what is said where it cannot be. */
import { expect, test } from "vitest";
import { presets } from "../../../src/exec/presets/presets.ts";
import { run } from "./run.ts";

test("[PRESET4] --preset list shows each preset with the command that it runs, and how to install that", async () => {
  const shown = await run("agent", "--preset", "list");
  expect(shown.code).toBe(0);
  for (const [name, { install, command }] of Object.entries(presets))
    for (const part of [name, install, command(undefined)]) expect(shown.out).toContain(part);
  const listed = JSON.parse((await run("agent", "--preset", "list", "--json")).out) as { name: string; command: string }[];
  expect(listed.map(({ name }) => name)).toEqual(Object.keys(presets));
});

test.each([
  [["--preset", "cluade"], "There is no preset cluade.", "Did you mean claude?"],
  [["--preset", "toString"], "There is no preset toString.", "--preset list"],
  [["--preset", "ollama"], "--preset ollama needs a model.", "--model"],
  [["--preset", "claude", "--model", "x; rm -rf /"], "is no model's name", "Write it"],
  [["--model", "opus", "--exec", "cat"], "--model goes with --preset.", "--exec"],
  [["--preset", "claude", "--token", "t"], "There is no program claude in PATH", "npm install -g @anthropic-ai/claude-code"],
  [
    ["--preset", "claude", "--exec", "no-such-wrapper", "--token", "t"],
    "There is no program no-such-wrapper in PATH",
    "Install it, or give the path",
  ],
  [["--exec", "cat", "--prompt", "prose"], "json, text", ""],
])("[PRESET7] %j says what is wrong, and what to do", async (args, message, hint) => {
  const said = await run("agent", ...args);
  expect(said.code).not.toBe(0);
  expect(said.err).toContain(message);
  expect(said.err).toContain(hint);
});
