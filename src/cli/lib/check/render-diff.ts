/** The difference of two texts, as `diff -u` writes it. */
import type { Styler } from "./render-diagnostic.ts";
import { showText } from "./show-text.ts";

/** Lines around a change. */
const context = 3;

interface Line {
  kind: " " | "-" | "+";
  text: string;
}

/** Renders what changed, hunk by hunk; empty when nothing did. */
export function renderDiff(file: string, before: string, after: string, style: Styler): string {
  const lines = diffLines(before.split(/\r?\n/), after.split(/\r?\n/));
  const near = lines.map((_, index) => lines.slice(Math.max(0, index - context), index + context + 1).some(({ kind }) => kind !== " "));
  const written: string[] = [style("bold", `--- ${file}`), style("bold", `+++ ${file}, fixed`)];
  let old = 1;
  let fresh = 1;
  for (const [index, { kind, text }] of lines.entries()) {
    if (near[index]) {
      if (!near[index - 1]) {
        const length = near.indexOf(false, index) === -1 ? lines.length : near.indexOf(false, index);
        const hunk = lines.slice(index, length);
        const size = (other: Line["kind"]): number => hunk.filter((line) => line.kind === " " || line.kind === other).length;
        written.push(style("cyan", `@@ -${old},${size("-")} +${fresh},${size("+")} @@`));
      }
      const line = `${kind}${showText(text)}`;
      written.push(kind === " " ? line : style(kind === "-" ? "red" : "green", line));
    }
    if (kind !== "+") old += 1;
    if (kind !== "-") fresh += 1;
  }
  return written.join("\n");
}

/** Edits up to which the shortest script is looked for: it takes memory with their square. */
const maxEdits = 1_000;

/** The lines that changed, with nothing around them. */
export function renderChangedLines(before: string, after: string, style: Styler): string[] {
  return diffLines(before.split(/\r?\n/), after.split(/\r?\n/)).flatMap(({ kind, text }) =>
    kind === " " ? [] : [style(kind === "-" ? "red" : "green", `${kind} ${showText(text)}`)],
  );
}

/** The shortest edit script, by Myers' greedy algorithm: time grows with the number of changes, which are few. */
function diffLines(a: string[], b: string[]): Line[] {
  const trace: Map<number, number>[] = [];
  let furthest = new Map([[1, 0]]);
  for (let edits = 0; edits <= Math.min(a.length + b.length, maxEdits); edits++) {
    trace.push(new Map(furthest));
    for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
      const down = diagonal === -edits || (diagonal !== edits && (furthest.get(diagonal - 1) ?? 0) < (furthest.get(diagonal + 1) ?? 0));
      let x = down ? (furthest.get(diagonal + 1) ?? 0) : (furthest.get(diagonal - 1) ?? 0) + 1;
      while (x < a.length && x - diagonal < b.length && a[x] === b[x - diagonal]) x += 1;
      furthest.set(diagonal, x);
      if (x >= a.length && x - diagonal >= b.length) return readBack(a, b, trace);
    }
    furthest = new Map(furthest);
  }
  const all = (kind: Line["kind"], lines: string[]): Line[] => lines.map((text) => ({ kind, text }));
  return [...all("-", a), ...all("+", b)];
}

function readBack(a: string[], b: string[], trace: Map<number, number>[]): Line[] {
  const lines: Line[] = [];
  let x = a.length;
  let y = b.length;
  for (let edits = trace.length - 1; edits >= 0; edits--) {
    const furthest = trace[edits] ?? new Map<number, number>();
    const diagonal = x - y;
    const down = diagonal === -edits || (diagonal !== edits && (furthest.get(diagonal - 1) ?? 0) < (furthest.get(diagonal + 1) ?? 0));
    const previous = down ? diagonal + 1 : diagonal - 1;
    const startX = furthest.get(previous) ?? 0;
    const startY = startX - previous;
    while (x > Math.max(0, startX) && y > Math.max(0, startY) && a[x - 1] === b[y - 1]) {
      lines.push({ kind: " ", text: a[x - 1] ?? "" });
      x -= 1;
      y -= 1;
    }
    if (edits === 0) break;
    lines.push(down ? { kind: "+", text: b[y - 1] ?? "" } : { kind: "-", text: a[x - 1] ?? "" });
    if (down) y -= 1;
    else x -= 1;
  }
  return lines.reverse();
}
