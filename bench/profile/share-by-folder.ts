/** Says which folders' code the samples of a profile fell into, by the bundle's source map. */
import { SourceMap } from "node:module";
import type { CpuProfile } from "./take-profile.ts";

/** Part of the time that the isolate was not idle. */
export interface Share {
  /** A folder of the project, a package, or what the engine calls itself: `(garbage collector)`, `(program)`. */
  place: string;
  /** Of the samples that were not idle, 0 to 1. */
  share: number;
}

/** Self time by folder, largest first. @param sourceMap of the bundle */
export function shareByFolder(profile: CpuProfile, sourceMap: string): Share[] {
  const map = new SourceMap(JSON.parse(sourceMap));
  const placeOf = new Map(profile.nodes.map(({ id, callFrame }) => [id, namePlace(callFrame, map)]));
  const times = new Map<string, number>();
  for (const [index, sample] of profile.samples.entries()) {
    const place = placeOf.get(sample) ?? "(unknown)";
    times.set(place, (times.get(place) ?? 0) + (profile.timeDeltas[index] ?? 0));
  }
  times.delete("(idle)");
  const total = [...times.values()].reduce((sum, time) => sum + time, 0);
  return [...times].map(([place, time]) => ({ place, share: time / total })).sort((a, b) => b.share - a.share);
}

function namePlace({ functionName, url, lineNumber, columnNumber }: CpuProfile["nodes"][number]["callFrame"], map: SourceMap): string {
  if (functionName.startsWith("(")) return functionName;
  const found = map.findEntry(lineNumber, columnNumber);
  if (url === "" || !("originalSource" in found)) return url.startsWith("node:") || url.startsWith("cloudflare") ? "(runtime)" : "(native)";
  const source = found.originalSource;
  const packaged = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(source);
  if (packaged) return packaged[1] as string;
  const own = /((?:src|machines)\/.*)\/[^/]+$/.exec(source);
  return own ? (own[1] as string) : source;
}
