/** Files that import one another in a circle. Pure. */
import { dirname, normalize } from "node:path/posix";
import type { SourceFile } from "./source-file.ts";

/**
 * Imports of types count: they cost nothing at run time, but whoever reads one file of such a circle has to read them all.
 * @returns each circle as a way that ends where it began; one for every set of files that reach one another
 */
export function findCircles(files: readonly Pick<SourceFile, "path" | "imports">[]): string[][] {
  const known = new Set(files.map(({ path }) => path));
  const arrows = new Map(
    files.map(({ path, imports }) => [
      path,
      imports.flatMap(({ specifier }) => {
        const target = specifier.startsWith(".") ? normalize(`${dirname(path)}/${specifier}`) : "";
        return known.has(target) ? [target] : [];
      }),
    ]),
  );
  const found: string[][] = [];
  const inCircles = new Set<string>();
  for (const path of [...known].sort()) {
    if (inCircles.has(path)) continue;
    const circle = findWayBack(path, arrows);
    if (!circle) continue;
    found.push(circle);
    for (const each of circle) inCircles.add(each);
  }
  return found;
}

/** The shortest way from a file back to itself. */
function findWayBack(start: string, arrows: ReadonlyMap<string, string[]>): string[] | undefined {
  const cameFrom = new Map<string, string>();
  const waiting = [start];
  for (let path = waiting.shift(); path !== undefined; path = waiting.shift()) {
    for (const target of arrows.get(path) ?? []) {
      if (target === start) return [...trace(path, start, cameFrom), start];
      if (cameFrom.has(target)) continue;
      cameFrom.set(target, path);
      waiting.push(target);
    }
  }
  return undefined;
}

function trace(end: string, start: string, cameFrom: ReadonlyMap<string, string>): string[] {
  const way = [end];
  for (let path = end; path !== start; ) {
    path = cameFrom.get(path) as string;
    way.unshift(path);
  }
  return way;
}
