/** The difference of two revisions as a reviewer reads it. */
import type { Broken, Change, ChangePart } from "../../../compile/compare/change.ts";
import { changeParts } from "../../../compile/compare/change.ts";
import type { Json } from "../../../contract/event.ts";
import type { Styler } from "../check/render-diagnostic.ts";
import { renderChangedLines } from "../check/render-diff.ts";
import { showText } from "../check/show-text.ts";
import type { Style } from "../terminal.ts";

const titles: Record<ChangePart, string> = {
  workflow: "the workflow",
  input: "what starts it",
  role: "roles",
  edge: "edges",
  condition: "conditions",
  reflex: "reflexes",
  prompt: "prompts",
};

const marks: Record<Change["what"], [mark: string, style: Style]> = {
  added: ["+", "green"],
  removed: ["-", "red"],
  changed: ["~", "yellow"],
};

const whom: Record<Broken, string> = {
  agents: "agents that answer as before",
  senders: "senders of events",
  threads: "threads that are taken to the new revision",
};

/** Characters of a value that stands on one line. */
const shortValue = 60;

/** Renders all changes, grouped as one reads them, and whom they break. */
export function renderChanges(changes: readonly Change[], style: Styler): string {
  const parts = changeParts.flatMap((part) => {
    const own = changes.filter((change) => change.part === part);
    return own.length === 0 ? [] : ["", style("bold", titles[part]), ...own.flatMap((change) => renderChange(change, style))];
  });
  const broken = (Object.keys(whom) as Broken[]).map((who) => [who, changes.filter(({ breaks }) => breaks?.includes(who)).length] as const);
  const verdicts = broken.map(([who, count]) =>
    count === 0
      ? `${style("green", "safe")} for ${whom[who]}`
      : `${style("red", "breaks")} ${whom[who]}: ${count} ${count === 1 ? "change" : "changes"}`,
  );
  return [...parts.slice(1), "", ...verdicts].join("\n");
}

function renderChange({ what, at, message, before, after, breaks, why }: Change, style: Styler): string[] {
  const [mark, colour] = marks[what];
  const head = `  ${style(colour, mark)} ${showText(at)}`;
  const reason = breaks ? [`      ${style("red", `breaks ${breaks.join(" and ")}`)}${why === undefined ? "" : `: ${showText(why)}`}`] : [];
  if (message !== undefined) return [`${head}: ${showText(message)}`, ...reason];
  if (isLong(before) || isLong(after)) {
    const lines = renderChangedLines(write(before), write(after), style).map((line) => `      ${line}`);
    return [head, ...lines, ...reason];
  }
  if (before !== undefined && after !== undefined) return [`${head}: ${showText(write(before))} → ${showText(write(after))}`, ...reason];
  const value = after ?? before;
  return [value === undefined ? head : `${head}: ${showText(write(value))}`, ...reason];
}

function isLong(value: Json | undefined): boolean {
  const text = write(value);
  return text.includes("\n") || text.length > shortValue;
}

function write(value: Json | undefined): string {
  if (value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value, null, JSON.stringify(value).length > shortValue ? 2 : 0);
}
