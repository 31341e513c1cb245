/** Turns the positions that sites.ts noted into places of the source. */
import { createSourceFinder } from "../find-source.ts";

/** @returns the same figures under `unit`, what, SQL and `file:line < file:line`, separated by tabs; what falls together is summed */
export function nameSites(sites: Readonly<Record<string, number>>, sourceMap: string): Record<string, number> {
  const find = createSourceFinder(sourceMap);
  const named: Record<string, number> = {};
  for (const [site, amount] of Object.entries(sites)) {
    const [unit, what, text, stack = ""] = site.split("\t");
    const places = stack.split(" ").flatMap((position) => {
      const [line, column] = position.split(":").map(Number);
      const found = line === undefined || column === undefined ? undefined : find(line - 1, column - 1);
      return found && !found.path.startsWith("bench/") ? [`${found.path.replace(/^src\/durable\//, "")}:${found.line}`] : [];
    });
    const key = [unit, what, text, places.join(" < ")].join("\t");
    named[key] = (named[key] ?? 0) + amount;
  }
  return named;
}
