/** Says which folders' code the samples of a profile fell into, or which functions', by the bundle's source map. */
import { dirname } from "node:path";
import { createSourceFinder, type SourcePlace } from "../find-source.ts";
import type { CpuProfile } from "./take-profile.ts";

/** Part of the time that the isolate was not idle. */
export interface Share {
  /** A folder of the project, a package, or what the engine calls itself: `(garbage collector)`, `(program)`; or a function with its place. */
  place: string;
  /** Of the samples that were not idle, 0 to 1. */
  share: number;
}

/** What samples are summed up by. */
export type ShareUnit = "folder" | "function";

/** How samples are shared out: by where they fell, or by all that had called it as well. */
export type ShareKind = ShareUnit | "total";

/** Self time, largest first. @param sourceMap of the bundle */
export function shareOutProfile(profile: CpuProfile, sourceMap: string, unit: ShareUnit): Share[] {
  const find = createSourceFinder(sourceMap);
  const placeOf = new Map(profile.nodes.map(({ id, callFrame }) => [id, namePlace(callFrame, find, unit)]));
  const times = new Map<string, number>();
  for (const [index, sample] of profile.samples.entries()) {
    const place = placeOf.get(sample) ?? "(unknown)";
    times.set(place, (times.get(place) ?? 0) + (profile.timeDeltas[index] ?? 0));
  }
  times.delete("(idle)");
  const total = [...times.values()].reduce((sum, time) => sum + time, 0);
  return [...times].map(([place, time]) => ({ place, share: time / total })).sort((a, b) => b.share - a.share);
}

/** Time in a function and in all that it called, largest first: what it costs that a thing is done at all. @param sourceMap of the bundle */
export function sumUpCalls(profile: CpuProfile, sourceMap: string): Share[] {
  const find = createSourceFinder(sourceMap);
  const places = new Map<number, string>();
  const callers = new Map<number, number>();
  for (const { id, callFrame, children = [] } of profile.nodes) {
    places.set(id, namePlace(callFrame, find, "function"));
    for (const child of children) callers.set(child, id);
  }
  const times = new Map<string, number>();
  let total = 0;
  for (const [index, sample] of profile.samples.entries()) {
    const delta = profile.timeDeltas[index] ?? 0;
    if (places.get(sample) === "(idle)") continue;
    total += delta;
    const passed = new Set<string>();
    for (let node: number | undefined = sample; node !== undefined; node = callers.get(node)) passed.add(places.get(node) ?? "(unknown)");
    for (const place of passed) times.set(place, (times.get(place) ?? 0) + delta);
  }
  times.delete("(root)");
  return [...times].map(([place, time]) => ({ place, share: time / total })).sort((a, b) => b.share - a.share);
}

function namePlace(
  { functionName, url, lineNumber, columnNumber }: CpuProfile["nodes"][number]["callFrame"],
  find: (line: number, column: number) => SourcePlace | undefined,
  unit: ShareUnit,
): string {
  if (functionName.startsWith("(")) return functionName;
  const found = url === "" ? undefined : find(lineNumber, columnNumber);
  if (!found) {
    const owner = url.startsWith("node:") || url.startsWith("cloudflare") ? "(runtime)" : "(native)";
    return unit === "folder" ? owner : `${functionName} ${owner}`;
  }
  if (unit === "function") return `${functionName || "(anonymous)"} ${found.path}:${found.line}`;
  return found.package ?? dirname(found.path);
}
