/** Writes paths as a test file for vitest that an author keeps beside the workflow. Pure. */
import { listKeys, type MachinePaths, type Path } from "../explore/paths/find-paths.ts";

function nameTest(path: Path, index: number): string {
  const last = path.steps.at(-1);
  return `${path.machine} ${index + 1}: ${path.title}${last ? ` … ${last.key}` : ""}`;
}

function renderPath(path: Path, index: number): string {
  const keys = listKeys(path).map((key) => `    ${JSON.stringify(key)},\n`);
  const end = JSON.stringify(path.steps.at(-1)?.expect.value ?? path.expect.value);
  return `test(${JSON.stringify(nameTest(path, index))}, () =>
  workflow.follow(${JSON.stringify(path.machine)}, ${JSON.stringify(path.title)}, [
${keys.join("")}  ], ${end}));
`;
}

/**
 * Renders the file.
 * @param workflow path of the workflow's file, relative to the test's
 * @param entry what `openWorkflow` is imported from
 * @param mark by which the command knows the file as its own
 */
export function emitTest(name: string, workflow: string, entry: string, machines: MachinePaths[], mark: string): string {
  const paths = machines.flatMap((machine) => machine.paths.map(renderPath));
  return `/**
 * Paths through both machines of ${name}, which together take every state and transition that can be taken; followed on the
 * real actor host, a fresh one for every event. Written by \`nerveflare test --emit\` ${mark}; yours to keep and to change.
 */
import { openWorkflow } from ${JSON.stringify(entry)};
import { test } from "vitest";

const workflow = openWorkflow(new URL(${JSON.stringify(workflow)}, import.meta.url));

${paths.join("\n")}`;
}
