/** Writes a replay as a test file that an author keeps beside the workflow. Pure. */
import type { Replay } from "./replay.ts";

/** What runs the test. */
export const runners = ["vitest", "node"] as const;
export type Runner = (typeof runners)[number];

/**
 * Renders the file. It is plain JavaScript, whatever its name.
 * @param workflow path of the workflow's file, relative to the test's
 * @param entry what `openWorkflow` is imported from
 * @param mark by which the command knows the file as its own
 */
export function emitReplay(
  replay: Replay,
  { workflow, entry, mark, runner }: { workflow: string; entry: string; mark: string; runner: Runner },
): string {
  const of = replay.thread === undefined ? "a thread, without its words" : `the thread ${replay.thread}`;
  return `/**
 * What ${of} of ${replay.workflow} did, decided again by the workflow as it is now. Written by
 * \`nerveflare export --test\` ${mark}; yours to keep and to change.
 */
import { openWorkflow } from ${JSON.stringify(entry)};
import { test } from ${JSON.stringify(runner === "node" ? "node:test" : "vitest")};

const workflow = openWorkflow(new URL(${JSON.stringify(workflow)}, import.meta.url));

test(${JSON.stringify(`${replay.workflow} decides as it did${replay.thread === undefined ? "" : ` in ${replay.thread}`}`)}, () =>
  workflow.replay(${JSON.stringify(replay, null, 2)}));
`;
}
