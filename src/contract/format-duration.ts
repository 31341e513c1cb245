/** Durations as the language writes them. */

const units = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
  ["ms", 1],
] as const;

/** @param milliseconds a whole number; the largest unit that divides it is used: `90s`, `24h`, `1500ms` */
export function formatDuration(milliseconds: number): string {
  const [unit, size] = units.find(([, each]) => milliseconds > 0 && milliseconds % each === 0) ?? ["ms", 1];
  return `${milliseconds / size}${unit}`;
}
