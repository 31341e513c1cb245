/** A walk as a file: as a script that `simulate --script` replays and `test --script` checks, or as a test for vitest. */
import { dirname, relative, resolve } from "node:path";
import { stringify } from "yaml";
import type { Script } from "./script.ts";

/**
 * Renders a test that follows the walk.
 * @param workflow the workflow's file, relative to the test's
 */
function renderWalkTest(script: Script, workflow: string, entry: string, mark: string): string {
  return `/** A walk through ${script.workflow ?? "a workflow"}, saved by \`nerveflare simulate\` ${mark}; yours to keep and to change. */
import { openWorkflow } from ${JSON.stringify(entry)};
import { test } from "vitest";

const workflow = openWorkflow(new URL(${JSON.stringify(workflow)}, import.meta.url));

test("the walk goes as it was saved", () =>
  workflow.walk(${JSON.stringify(script, null, 2)}));
`;
}

interface SavedWalk {
  /** The format is what its extension names. */
  file: string;
  /** The workflow's file. */
  workflow: string;
  /** What a test imports `openWorkflow` from. */
  entry: string;
  /** By which whoever writes the file knows it again; JSON has no place for it. */
  mark: string;
}

/** Renders the file of a walk. */
export function renderWalk(script: Script, { file, workflow, entry, mark }: SavedWalk): string {
  const path = relative(dirname(resolve(file)), resolve(workflow)).replaceAll("\\", "/");
  if (/\.[cm]?[jt]s$/.test(file)) return renderWalkTest(script, path.startsWith(".") ? path : `./${path}`, entry, mark);
  if (/\.ya?ml$/.test(file)) return `# Saved by \`nerveflare simulate\` ${mark}; yours to keep and to change.\n${stringify(script)}`;
  return `${JSON.stringify(script, null, 2)}\n`;
}
