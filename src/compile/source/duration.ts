/** Durations of the language. */

/** How a duration is written: `500ms`, `30s`, `10m`, `24h`, `7d`. */
export const durationPattern = /^(\d{1,12})(ms|s|m|h|d)$/;

const units: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds of a duration; undefined if it is none. */
export function parseDuration(text: string): number | undefined {
  const [, digits, unit] = durationPattern.exec(text) ?? [];
  const factor = units[unit ?? ""];
  return digits === undefined || factor === undefined ? undefined : Number(digits) * factor;
}
