/** Prints where counts come from, for people. */
import type { Measured } from "./measure-counts.ts";
import { nameMeasured } from "./print-counts.ts";

/** Figures below this are how batches happened to fall. */
const least = 0.05;

/** What is told of a place: how often, and of statements the rows that they wrote and read. */
const units = ["times", "rows", "read"] as const;
const parts = ["turn", "beginAndEnd"] as const;

type Figures = Record<(typeof units)[number], Record<(typeof parts)[number], number>>;

interface Line extends Figures {
  title: string;
}

function createLine(title: string): Line {
  return { title, times: { turn: 0, beginAndEnd: 0 }, rows: { turn: 0, beginAndEnd: 0 }, read: { turn: 0, beginAndEnd: 0 } };
}

/** For each thing that is counted a table: per turn and per begin and end, the dearest first. */
export function printSites(measured: Measured): void {
  const tables = new Map<string, Map<string, Line>>();
  for (const part of parts)
    for (const [site, amount] of Object.entries(measured[part].sites)) {
      const [unit, what = "", text = "", places = ""] = site.split("\t");
      const lines = tables.get(what) ?? new Map<string, Line>();
      tables.set(what, lines);
      // A statement is known by its text: where it is run from is not what makes it dear.
      const title = text || places;
      const line = lines.get(title) ?? createLine(title);
      lines.set(title, line);
      line[units.find((each) => each === unit) ?? "times"][part] += amount;
    }
  for (const [what, lines] of [...tables].sort()) printLines(`${what}, ${nameMeasured(measured)}`, [...lines.values()]);
}

function printLines(title: string, lines: Line[]): void {
  const shown = lines
    .filter(({ times }) => Math.max(times.turn, times.beginAndEnd) >= least)
    .sort((a, b) => b.times.turn - a.times.turn || b.times.beginAndEnd - a.times.beginAndEnd);
  const sum = createLine("together");
  for (const line of lines) for (const unit of units) for (const part of parts) sum[unit][part] += line[unit][part];
  const told = units.filter((unit) => unit === "times" || sum.rows.turn + sum.rows.beginAndEnd + sum.read.turn + sum.read.beginAndEnd > 0);
  const print = (cells: string[], name: string): void => console.log(`${cells.map((cell) => cell.padStart(11)).join("")}  ${name}`);
  console.log("");
  print(
    told.flatMap((unit) => (unit === "times" ? ["a turn", "begin+end"] : [`${unit} a turn`, "begin+end"])),
    title,
  );
  for (const line of [...shown, sum])
    print(
      told.flatMap((unit) => parts.map((part) => line[unit][part].toFixed(1))),
      line.title,
    );
}
