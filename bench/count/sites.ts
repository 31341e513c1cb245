/** Says which places in the code and which SQL texts the counts come from. Runs in the Worker that counts. */

/** Frames of a stack that are kept: enough to see past what wraps storage and JSON. */
const frames = 4;

/** Off until it is asked for: a stack costs more than what it is of. */
let on = false;

/** Begins to note places. */
export function noteSites(): void {
  on = true;
  Object.assign(Error, { stackTraceLimit: frames + 6 });
}

/** Where the caller's caller is, as positions in the bundle, innermost first; undefined while nothing is noted. */
function readStack(): string | undefined {
  const lines = (new Error().stack ?? "").split("\n").slice(1);
  const positions = lines.map((line) => /:(\d+:\d+)\)?$/.exec(line)?.[1]).filter((position) => position !== undefined);
  // The first are this function, `noteSite`, and the wrapper that calls it.
  return positions.slice(3, 3 + frames).join(" ");
}

/**
 * Adds to the figure of a place.
 * @param what `stringify`, `parse`, `clone`, `statement agent`, `d1`…
 * @param text the SQL, or empty
 */
export function noteSite(
  sites: Record<string, number>,
  what: string,
  text: string,
  amounts: { times: number; rows?: number; read?: number },
): void {
  if (!on) return;
  const place = [what, text.replaceAll(/\s+/g, " ").trim(), readStack()].join("\t");
  for (const [unit, amount] of Object.entries(amounts)) {
    const key = `${unit}\t${place}`;
    sites[key] = (sites[key] ?? 0) + amount;
  }
}
