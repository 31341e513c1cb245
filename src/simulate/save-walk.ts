/** Saves a walk: as a script that `simulate --script` replays and `test --script` checks, or as a test for vitest. */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, relative, resolve } from "node:path";
import { stringify } from "yaml";
import type { Script } from "./script.ts";

/**
 * Renders a test that follows the walk.
 * @param workflow the workflow's file, relative to the test's
 * @param entry what `openWorkflow` is imported from
 */
function renderWalkTest(script: Script, workflow: string, entry: string): string {
  return `/** A walk through ${script.workflow ?? "a workflow"}, saved by \`nerveflare simulate\`; yours to keep and to change. */
import { openWorkflow } from ${JSON.stringify(entry)};
import { test } from "vitest";

const workflow = openWorkflow(new URL(${JSON.stringify(workflow)}, import.meta.url));

test("the walk goes as it was saved", () =>
  workflow.walk(${JSON.stringify(script, null, 2)}));
`;
}

/** Writes the walk to a file, in the format that the file's extension names. @param entry what a test imports `openWorkflow` from */
export async function saveWalk(file: string, workflow: string, script: Script, entry: string): Promise<void> {
  const target = resolve(file);
  const path = relative(dirname(target), resolve(workflow)).replaceAll("\\", "/");
  const from = path.startsWith(".") ? path : `./${path}`;
  const text = /\.[cm]?[jt]s$/.test(file)
    ? renderWalkTest(script, from, entry)
    : /\.ya?ml$/.test(file)
      ? stringify(script)
      : `${JSON.stringify(script, null, 2)}\n`;
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, text);
}
