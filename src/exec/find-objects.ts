/** Finds the JSON objects in what a program printed, whatever stands between them. Knows no schema. */
import { execLimits } from "./limits.ts";
import { type Fault, scanObject } from "./scan-object.ts";

/** An object that does not parse. */
export interface BrokenObject extends Fault {
  start: number;
}

/** What a text holds, in its order: the last of each kind, as many as the limits say. */
export interface FoundObjects {
  objects: { start: number; end: number }[];
  broken: BrokenObject[];
  /** Whether there are objects in what a model only thought. */
  thought: boolean;
}

/** What models print around what they think; some print only the end of it. */
const mark = /\{|\}|<(\/?)(think|thinking|thought|reasoning)>/gi;

/**
 * Finds what is not within another object. Takes time in proportion to the text.
 * @param cut the text is only the end of what was printed: what closes without having opened may be the end of a larger object
 */
export function findObjects(text: string, cut = false): FoundObjects {
  const found: FoundObjects = { objects: [], broken: [], thought: false };
  const unclosed = new Set<string>();
  const forget = () => {
    found.thought ||= found.objects.length > 0 || found.broken.length > 0;
    found.objects = [];
    found.broken = [];
  };
  const pattern = new RegExp(mark);
  for (let match = pattern.exec(text); match; match = pattern.exec(text)) {
    const [sign, slash, tag] = match;
    if (sign === "}") {
      if (cut) found.objects = [];
    } else if (tag !== undefined && slash === "/") forget();
    else if (tag !== undefined) {
      const end = unclosed.has(tag) ? -1 : text.indexOf(`</${tag}>`, pattern.lastIndex);
      if (end < 0) unclosed.add(tag);
      else {
        found.thought ||= text.slice(pattern.lastIndex, end).includes("{");
        pattern.lastIndex = end + tag.length + 3;
      }
    } else pattern.lastIndex = takeObject(text, match.index, found);
  }
  return found;
}

/** Takes the object at `start`; returns where to go on. */
function takeObject(text: string, start: number, { objects, broken }: FoundObjects): number {
  const scan = scanObject(text, start);
  if ("end" in scan) {
    keepLast(objects, { start, end: scan.end }, execLimits.objects);
    return scan.end;
  }
  for (const line of scanLines(text, start, scan.at)) keepLast(objects, line, execLimits.objects);
  if (scan.names.length > 0) keepLast(broken, { ...scan, start }, execLimits.brokenObjects);
  return Math.max(start + 1, scan.at);
}

/** Lines within a broken object that are an object each: the broken one may only be talk that went before. */
function scanLines(text: string, from: number, to: number): { start: number; end: number }[] {
  const lines: { start: number; end: number }[] = [];
  for (const { index } of text.slice(from, to).matchAll(/\n\{/g)) {
    const start = from + index + 1;
    const next = text.indexOf("\n", start);
    const end = next < 0 ? text.length : next;
    const scan = scanObject(text, start, end);
    if ("end" in scan && text.slice(scan.end, end).trim() === "") keepLast(lines, { start, end: scan.end }, execLimits.objects);
  }
  return lines;
}

function keepLast<T>(list: T[], item: T, most: number): void {
  list.push(item);
  if (list.length >= most * 2) list.splice(0, list.length - most);
}
