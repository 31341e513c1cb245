/** Runs a command line as a user would, and gives what it wrote; files live in a folder that goes away with the test file. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { runCli } from "../../../src/cli/main.ts";

/** What a run wrote and how it ended. */
export interface Run {
  code: number;
  out: string;
  err: string;
}

/** Runs a command line in this process. */
export async function run(...args: string[]): Promise<Run> {
  let out = "";
  let err = "";
  const code = await runCli(args, {
    stdout: { write: (text) => (out += text) },
    stderr: { write: (text) => (err += text) },
    env: {},
  });
  return { code, out, err };
}

/** Makes a folder and gives a function that writes files into it. */
export function createFolder(): { folder: string; write: (name: string, content: string | Buffer) => string } {
  const folder = mkdtempSync(join(tmpdir(), "nerveflare-cli-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return {
    folder,
    write: (name, content) => {
      const path = join(folder, name);
      writeFileSync(path, content);
      return path;
    },
  };
}

/** A workflow without faults. */
export const fine = `name: fine
description: One role does one thing.
binding: cloud
roles:
  worker:
    type: open
    description: Does it.
    goal: To have it done.
    capabilities: [work]
    procedure: Do it.
    output: What was done.
    frontmatter: { type: object, properties: { $status: { const: done } }, required: [$status] }
graph:
  $START: { new: { role: worker, prompt: "Do it." } }
  worker: { done: { role: $END, prompt: "It is done." } }
`;
