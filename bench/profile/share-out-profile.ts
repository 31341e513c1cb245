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
