/** Milliseconds as people write them. */

const units: [string, number][] = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
  ["ms", 1],
];

/** A duration exactly, in units that are natural for its size: `45m`, `2m 30s`, `24h`, `7d`. */
export function writeDuration(milliseconds: number): string {
  let rest = milliseconds;
  const parts: string[] = [];
  for (const [unit, length] of units) {
    // A day or a day and a half is said in hours.
    if (unit === "d" && milliseconds < 2 * length) continue;
    const count = Math.floor(rest / length);
    if (count > 0) parts.push(`${count}${unit}`);
    rest -= count * length;
  }
  return parts.join(" ") || "0s";
}
