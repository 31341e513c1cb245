/** Quantiles of what was measured. */

/** The value that the fraction `q` of the values does not exceed; NaN of none. */
export function pickQuantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}
