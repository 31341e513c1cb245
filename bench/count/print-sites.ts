/** Prints where counts come from, for people. */
import type { Measured } from "./measure-counts.ts";

/** Figures below this are how batches happened to fall. */
const least = 0.05;

interface Figures {
  turn: number;
  beginAndEnd: number;
}

interface Line {
  title: string;
  times: Figures;
  rows: Figures;
}

/** For each thing that is counted a table: per turn and per begin and end, the dearest first. */
export function printSites(measured: Measured): void {
  const tables = new Map<string, Map<string, Line>>();
  for (const part of ["turn", "beginAndEnd"] as const)
    for (const [site, amount] of Object.entries(measured[part].sites)) {
      const [unit, what = "", text = "", places = ""] = site.split("\t");
      const lines = tables.get(what) ?? new Map<string, Line>();
      tables.set(what, lines);
      // A statement is known by its text: where it is run from is not what makes it dear.
      const title = text || places;
      const line = lines.get(title) ?? { title, times: { turn: 0, beginAndEnd: 0 }, rows: { turn: 0, beginAndEnd: 0 } };
      lines.set(title, line);
      line[unit === "rows" ? "rows" : "times"][part] += amount;
    }
  for (const [what, lines] of [...tables].sort()) printLines(`${what}, ${measured.scenario.name}`, [...lines.values()]);
}

function printLines(title: string, lines: Line[]): void {
  const shown = lines
    .filter(({ times }) => Math.max(times.turn, times.beginAndEnd) >= least)
    .sort((a, b) => b.times.turn - a.times.turn || b.times.beginAndEnd - a.times.beginAndEnd);
  const sum: Line = { title: "together", times: { turn: 0, beginAndEnd: 0 }, rows: { turn: 0, beginAndEnd: 0 } };
  for (const { times, rows } of lines)
    for (const part of ["turn", "beginAndEnd"] as const) {
      sum.times[part] += times[part];
      sum.rows[part] += rows[part];
    }
  const withRows = lines.some(({ rows }) => rows.turn + rows.beginAndEnd > 0);
  const columns = withRows ? ["a turn", "begin+end", "rows a turn", "begin+end"] : ["a turn", "begin+end"];
  const print = (cells: string[], name: string): void => console.log(`${cells.map((cell) => cell.padStart(11)).join("")}  ${name}`);
  console.log("");
  print(columns, title);
  for (const { times, rows, title: name } of [...shown, sum]) {
    const figures = [times.turn, times.beginAndEnd, ...(withRows ? [rows.turn, rows.beginAndEnd] : [])];
    print(
      figures.map((figure) => figure.toFixed(1)),
      name,
    );
  }
}
