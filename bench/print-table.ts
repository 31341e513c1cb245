/** Prints what was measured, for people. */
import type { Placement } from "../src/contract/placement.ts";
import { type Contender, nameContender } from "./contenders.ts";
import type { Waits } from "./crowd/crowd.ts";
import type { LengthResult } from "./crowd/measure-length.ts";
import type { OpenResult } from "./crowd/measure-open.ts";
import type { HeapResult } from "./heap/measure-heap.ts";
import type { MemoryResult } from "./orders.ts";
import { isPeer } from "./peers/peers.ts";
import type { Share, ShareKind } from "./profile/share-out-profile.ts";
import type { Absent, Race, RaceResult } from "./race.ts";
import type { Engine } from "./server-process.ts";
import type { Stall } from "./stalls/measure-stalls.ts";

interface Labelled extends Contender {
  concurrency: number;
}

/** One line per engine and concurrency, then each as a multiple of the bare ceiling, and the product as one of each peer. */
export function printRace({ machine, windows, absent }: Race): void {
  const { date, cpu, cores, memoryGigabytes, loadBefore, loadAfter } = machine;
  console.log(
    `${date}, ${cores} × ${cpu}, ${memoryGigabytes} GB, load ${format(loadBefore, 1)} before and ${format(loadAfter, 1)} after; medians\n`,
  );
  printWindows(windows);
  printRatios("As a multiple of the bare ceiling, same run", windows, ({ engine }) => engine !== "bare", "bare");
  for (const peer of new Set(windows.map(({ engine }) => engine).filter(isPeer)))
    printRatios(`As a multiple of ${nameContender({ engine: peer, roles: "named" })}, same run`, windows, isOurs, peer);
  printAbsent(absent);
}

function isOurs({ engine }: Contender): boolean {
  return engine === "nerveflare";
}

function printWindows(results: readonly RaceResult[]): void {
  const header = [
    "engine",
    "C",
    "turns/s",
    "threads/s",
    "next p50",
    "p99 ms",
    "first p50",
    "p99 ms",
    "CPU s/1000",
    "fsync/turn",
    "commits/turn",
    "RSS MB",
  ];
  const rows = results.map((result) => [
    nameContender(result),
    String(result.concurrency),
    format(result.turnsPerSecond, 0),
    format(result.threadsPerSecond, 1),
    format(result.nextTurn.p50, 2),
    format(result.nextTurn.p99, 1),
    format(result.firstTurn.p50, 1),
    format(result.firstTurn.p99, 1),
    format(result.cpuPer1000, 2),
    format(result.fsyncPerTurn, 2),
    formatCommits(result.commitsPerTurn),
    format(result.resident, 0),
  ]);
  printTable(header, rows);
}

/** Those that are chosen, as multiples of an engine at the same concurrency. Prints nothing where there is nobody to compare. */
function printRatios(title: string, results: readonly RaceResult[], isChosen: (result: RaceResult) => boolean, to: Engine): void {
  const rows = results.filter(isChosen).flatMap((result) => {
    const other = results.find(({ engine, concurrency }) => engine === to && concurrency === result.concurrency);
    if (!other) return [];
    return [
      [
        nameContender(result),
        String(result.concurrency),
        format(result.turnsPerSecond / other.turnsPerSecond, 2),
        format(result.nextTurn.p50 / other.nextTurn.p50, 2),
        format(result.nextTurn.p99 / other.nextTurn.p99, 2),
        format(result.cpuPer1000 / other.cpuPer1000, 2),
      ],
    ];
  });
  if (rows.length === 0) return;
  console.log(`\n${title}`);
  printTable(["", "C", "turns/s", "p50", "p99", "CPU"], rows);
}

function printAbsent(absent: readonly Absent[]): void {
  for (const { concurrency, reason, ...contender } of absent)
    console.log(`\nLeft out at ${concurrency} at a time: ${nameContender(contender)}. ${reason}`);
}

/** Resident memory along the way, and its growth over the last half. */
export function printMemory(results: (Labelled & MemoryResult)[]): void {
  for (const { samples, threads, turns, seconds, residentIdle, ...contender } of results) {
    console.log(
      `\n${nameContender(contender)}: ${threads} threads, ${turns} turns in ${format(seconds, 0)} s (${format(turns / seconds, 0)} turns/s)`,
    );
    printTable(
      ["threads", "seconds", "RSS MB"],
      samples.map((sample) => [String(sample.threads), format(sample.seconds, 0), format(sample.resident, 0)]),
    );
    console.log(`RSS after idling: ${format(residentIdle, 0)} MB`);
    const middle = samples[Math.floor(samples.length / 2)];
    const last = samples.at(-1);
    if (middle && last) console.log(`RSS at the end / at half way: ${format(last.resident / middle.resident, 2)}`);
  }
}

/** A stretch in a column, and the last beside the first. */
export function printLength(stretches: readonly LengthResult[]): void {
  const rows: [title: string, digits: number, read: (result: LengthResult) => number][] = [
    ["next p50 ms", 2, ({ waits }) => waits.p50],
    ["next p90 ms", 2, ({ waits }) => waits.p90],
    ["SQL statements", 1, ({ counts }) => counts.statements],
    ["rows written", 1, ({ counts }) => counts.rowsWritten],
    ["rows read", 1, ({ counts }) => counts.rowsRead],
    ["transactions", 2, ({ counts }) => counts.transactions],
    ["calls between objects", 2, ({ counts }) => counts.calls],
    ["JSON.stringify", 1, ({ counts }) => counts.stringify],
    ["KB of JSON made", 1, ({ counts }) => counts.stringifyCharacters / 1000],
    ["D1 rows written", 1, ({ counts }) => counts.d1RowsWritten],
  ];
  const [first, last] = [stretches[0], stretches.at(-1)];
  if (!first || !last) return;
  printTable(
    ["a turn", ...stretches.map(({ from, to }) => `${from}–${to}`), "ratio"],
    rows.map(([title, digits, read]) => [
      title,
      ...stretches.map((each) => format(read(each), digits)),
      format(read(last) / read(first), 2),
    ]),
  );
}

/** Few open threads and many, and the latter as a multiple of the former. */
export function printOpen(results: readonly OpenResult[]): void {
  const rows: [title: string, digits: number, read: (result: OpenResult) => number][] = [
    ["ms to start one", 1, ({ startMs }) => startMs],
    ["next p50 ms of others", 2, ({ waits }) => waits.p50],
    ["next p90 ms", 2, ({ waits }) => waits.p90],
    ["RSS MB of workerd", 0, ({ resident }) => resident],
    ["RSS MB, idle", 0, ({ residentIdle }) => residentIdle],
  ];
  const [first, last] = [results[0], results.at(-1)];
  if (!first || !last) return;
  console.log(`\nplacement ${first.placement}`);
  printTable(
    ["threads open", ...results.map(({ open }) => String(open)), "ratio"],
    rows.map(([title, digits, read]) => [title, ...results.map((each) => format(read(each), digits)), format(read(last) / read(first), 2)]),
  );
}

/** What the heap holds, moment by moment. */
export function printHeap(results: readonly HeapResult[]): void {
  const show = (value: number | undefined, digits: number): string => (value === undefined ? "" : format(value, digits));
  printTable(
    ["placement", "with", "heap MB", "actors in memory", "their MB, as counted", "overfull"],
    results.map(({ placement, when, used, owners, counted, overfull }) => [
      ...[placement, when, format(used, 1), show(owners, 0), show(counted, 1), show(overfull, 0)],
    ]),
  );
}

/** How turns waited beside each fault, and as a multiple of how they waited without. */
export function printStalls(stalls: readonly Stall[]): void {
  const cells = ({ turns, p50, p90, worst }: Waits): string[] => [String(turns), format(p50, 1), format(p90, 1), format(worst, 0)];
  printTable(
    ["beside", "struck", "turns", "p50 ms", "p90", "worst", "quiet turns", "p50 ms", "p90", "worst", "p50 ratio"],
    stalls.map(({ fault, struck, beside, quiet }) => [
      fault,
      String(struck),
      ...cells(beside),
      ...cells(quiet),
      format(beside.p50 / quiet.p50, 1),
    ]),
  );
}

/** Where the Worker's time went, what is below half a percent left out. */
export function printProfile({ placement, shares }: { placement: Placement; shares: Record<ShareKind, Share[]> }): void {
  console.log(`\nplacement ${placement}`);
  for (const [unit, all] of Object.entries(shares)) {
    const named = all.filter(({ share }) => share >= 0.005).map(({ place, share }) => [place, `${(share * 100).toFixed(1)} %`]);
    printTable([unit === "total" ? "function with what it calls" : `self time by ${unit}`, "share"], named);
    console.log("");
  }
}

/** Columns, the first to the left, the others to the right. */
export function printTable(header: string[], rows: string[][]): void {
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => (row[column] ?? "").length)));
  for (const row of [header, ...rows]) {
    console.log(
      row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join("  "),
    );
  }
}

function formatCommits(commits: Record<string, number> | undefined): string {
  if (!commits) return "–";
  const total = Object.values(commits).reduce((sum, count) => sum + count, 0);
  const kinds = Object.entries(commits).filter(([, count]) => count >= 0.005);
  return `${format(total, 2)} = ${kinds.map(([kind, count]) => `${kind} ${format(count, 2)}`).join(" + ")}`;
}

function format(value: number | undefined, digits: number): string {
  return value === undefined || value === null || Number.isNaN(value) ? "–" : value.toFixed(digits);
}
