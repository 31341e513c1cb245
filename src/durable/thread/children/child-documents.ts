/** The threads that a task's edges spawned: a document each, from the decision on. Knows documents, no machine. */

import * as z from "zod";
import type { Json } from "../../../contract/event.ts";
import { countBytes, exceedsBytes } from "../../../contract/limits.ts";
import { type KeyRange, numberKey } from "../../host/store/collections.ts";
import { trust } from "../../protocol/trust.ts";
import { type ChildDocument, type ChildStatus, type TaskDocuments, withPrefix } from "../task/task-documents.ts";
import { readTurn } from "../task/turn-documents.ts";

/** Characters of a child's output that its parent keeps: a hundred of them are seen by one prompt. */
const outputBytes = 64 * 1024;

/** Children of one thread that are looked at when it ends. */
const childrenAtMost = 100_000;

/** A child's key: its round, and its place among those of that edge. */
export function keyChild({ round, place }: Pick<ChildDocument, "round" | "place">): string {
  return `${numberKey(round)} ${numberKey(place)}`;
}

const listed = z.tuple([z.enum(["ended", "unended"]), z.string().nullable()]);

function listFacts({ children }: TaskDocuments, range: KeyRange): { key: string; isEnded: boolean; thread: string | null }[] {
  return children.listFacts(range).map(([key, facts]) => {
    const [state, thread] = trust(listed, JSON.parse(String(facts)));
    return { key, isEnded: state === "ended", thread };
  });
}

export function addChild(documents: TaskDocuments, child: Pick<ChildDocument, "round" | "place" | "workflow" | "awaited">): void {
  changeChild(documents, { ...child, thread: null, status: "starting", output: null, error: null, told: false });
}

export function findChild({ children }: TaskDocuments, round: number, place: number): ChildDocument | undefined {
  return children.read(keyChild({ round, place }));
}

/** What of a child is listed without its output. */
export function listChild({ status, thread }: ChildDocument): string {
  return JSON.stringify([status === "starting" || status === "live" ? "unended" : "ended", thread] satisfies z.infer<typeof listed>);
}

/** Within a transaction. */
export function changeChild({ children }: TaskDocuments, child: ChildDocument): void {
  children.put(keyChild(child), child, listChild(child));
}

export function readChildren(documents: TaskDocuments, round: number): ChildDocument[] {
  const count = readTurn(documents, round)?.decision?.children ?? 0;
  return count === 0 ? [] : documents.children.list({ ...withPrefix(numberKey(round)), limit: count }).map(([, child]) => child);
}

/** All that have not ended, in the order in which they were decided on. */
export function readUnended(documents: TaskDocuments): ChildDocument[] {
  return listFacts(documents, { limit: childrenAtMost }).flatMap(({ key, isEnded }) =>
    isEnded ? [] : (documents.children.read(key) ?? []),
  );
}

/** Ids of the children that have begun, newest last. */
export function listChildThreads(documents: TaskDocuments, limit: number): string[] {
  const found: string[] = [];
  for (let after = ""; ; ) {
    const page = listFacts(documents, { after, limit });
    found.push(...page.flatMap(({ thread }) => thread ?? []));
    if (page.length < limit || found.length >= limit) return found.slice(0, limit);
    after = page.at(-1)?.key ?? after;
  }
}

/** Ids of the children of a round that are waited for and have not ended. */
export function listAwaited(documents: TaskDocuments, round: number, limit: number): string[] {
  return readChildren(documents, round)
    .filter(({ awaited, status, thread }) => awaited && status === "live" && thread !== null)
    .slice(0, limit)
    .flatMap(({ thread }) => thread ?? []);
}

/** An output as it is kept: one that is too long is left to be read in the child itself. */
export function keepOutput(output: Json): Json {
  const text = JSON.stringify(output);
  return exceedsBytes(text, outputBytes) ? { $truncated: true, bytes: countBytes(text) } : output;
}

const seenAs: Record<ChildStatus, string> = {
  starting: "running",
  live: "running",
  refused: "failed",
  completed: "completed",
  failed: "failed",
  cancelled: "cancelled",
  dropped: "dropped",
};

/** A child as prompts and conditions see it. */
export function viewChild({ thread, workflow, status, output, error }: ChildDocument): { [name: string]: Json } {
  return {
    thread,
    workflow,
    status: seenAs[status],
    output,
    ...(error !== null && { error }),
  };
}
