/** The server's clock, and one tick for all times on the page. */
import { computed, signal } from "@preact/signals";

/** Milliseconds that the server's clock is ahead of this machine's. */
export const clockOffset = signal(0);

/** @param server what its clock said between the two moments of this machine's */
export function setServerTime(server: number, asked: number, answered: number): void {
  clockOffset.value = Math.round(server - (asked + answered) / 2);
}

const ticks = signal(Date.now());
if (typeof window !== "undefined") setInterval(() => (ticks.value = Date.now()), 1_000);

/** Now, by the server's clock; once a second. */
export const serverNow = computed(() => ticks.value + clockOffset.value);

/** Milliseconds beyond which a clock is not only slow to answer. */
const tolerated = 60_000;

/** Says how far apart the clocks are; undefined: they agree. */
export const clockFault = computed(() => {
  const offset = clockOffset.value;
  if (Math.abs(offset) < tolerated) return undefined;
  return `The server's clock is ${describeSpan(Math.abs(offset))} ${offset > 0 ? "ahead of" : "behind"} this computer's. Times on this page are the server's.`;
});

const units = [
  ["day", 86_400_000, "d"],
  ["hour", 3_600_000, "h"],
  ["minute", 60_000, "min"],
  ["second", 1_000, "s"],
] as const;

/** The largest unit of which there is one, when rounded: 59 minutes and 59 seconds are an hour. */
function findUnit(milliseconds: number): (typeof units)[number] {
  return units.find(([, size], place) => milliseconds >= size - (units[place + 1]?.[1] ?? 0) / 2) ?? units[3];
}

/** A span in words, by its largest unit: `2 hours`. */
export function describeSpan(milliseconds: number): string {
  const [unit, size] = findUnit(milliseconds);
  const count = Math.round(milliseconds / size);
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}

/** The same in short: `2 h`. */
export function writeSpan(milliseconds: number): string {
  const [, size, unit] = findUnit(milliseconds);
  return `${Math.round(milliseconds / size)} ${unit}`;
}
