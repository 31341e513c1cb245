/** Judges a Liquid template: that it parses, uses what is allowed, stays bounded, and which variables it asks for. */
import type { Liquid, Template } from "liquidjs";
import { findNearestName } from "../../contract/nearest-name.ts";
import type { Report } from "../diagnostics/diagnostic.ts";
import { compileLimits } from "../limits.ts";
import type { TextNode } from "../source/node.ts";
import type { Span } from "../source/span.ts";
import { allowedFilters, allowedTags, createTemplateEngine } from "./create-template-engine.ts";
import { normaliseMustache } from "./normalise-mustache.ts";

/** A variable that a template takes from outside. */
export interface TemplateVariable {
  /** `data`, `repo`, `0`, …; a nested variable ends the path. */
  path: (string | number)[];
  span: Span;
  /** It is written with a `$`, which was told. */
  isTold: boolean;
}

/** What the checks of one file share. */
export interface TemplateContext {
  report: Report;
  /** Local files are older: their slips are warnings. */
  local: boolean;
  engine: Liquid;
  /** The trees of those that parse. */
  trees: Map<TextNode, Template[]>;
}

/** Makes what the template checks of one file share. */
export function createTemplateContext(report: Report, local: boolean): TemplateContext {
  return { report, local, engine: createTemplateEngine(), trees: new Map() };
}

/** Reports what is wrong with a template and returns the variables it asks for; undefined if it does not parse. */
export function checkTemplate(node: TextNode, context: TemplateContext): TemplateVariable[] | undefined {
  const { report } = context;
  const written = node.value;
  if (!written.includes("{{") && !written.includes("{%")) return [];
  if (written.length > compileLimits.templateLength) {
    report.add(
      "template-too-large",
      node.span,
      `The template has ${written.length} characters; ${compileLimits.templateLength} are allowed.`,
    );
    return undefined;
  }
  if (!checkSize(node, written, report)) return undefined;
  addDollarNames(node, written, context);
  return parse(node, normalise(written), context);
}

/** A tag or an output, up to its end. */
const tags = /\{[{%][^{}%]*/g;

/** What stands in quotes, and else the `$` that names begin with. */
const dollars = /'[^']*'?|"[^"]*"?|\$(?=[A-Za-z_])/g;

/** As Liquid reads it, every offset kept. */
function normalise(written: string): string {
  return normaliseMustache(written).text.replaceAll(tags, (tag) => tag.replaceAll(dollars, (found) => (found === "$" ? "_" : found)));
}

/** The tree of a template that parses. */
export function parseTemplate(written: string): Template[] | undefined {
  try {
    return createTemplateEngine().parse(normalise(written));
  } catch {
    return undefined;
  }
}

/** Bounds tags, loops and ranges by the text alone, before the parser sees it. */
function checkSize(node: TextNode, text: string, report: Report): boolean {
  let count = 0;
  let depth = 0;
  for (const match of text.matchAll(/\{\{|\{%-?\s*(\w+)?/g)) {
    count += 1;
    if (match[1] === "for") depth += 1;
    if (match[1] === "endfor") depth -= 1;
    if (depth > compileLimits.templateLoopDepth) {
      report.add(
        "template-too-large",
        node.locate(match.index, match.index + match[0].length),
        `Loops stand inside one another more than ${compileLimits.templateLoopDepth} deep.`,
      );
      return false;
    }
  }
  if (count > compileLimits.templateNodes) {
    report.add("template-too-large", node.span, `The template has more than ${compileLimits.templateNodes} tags and outputs.`);
    return false;
  }
  for (const match of text.matchAll(/\(\s*(-?\d+)\s*\.\.\s*(-?\d+)\s*\)/g)) {
    if (Number(match[2]) - Number(match[1]) < compileLimits.templateRange) continue;
    report.add(
      "template-too-large",
      node.locate(match.index, match.index + match[0].length),
      `The range has more than ${compileLimits.templateRange} items.`,
    );
    return false;
  }
  return true;
}

function addDollarNames(node: TextNode, text: string, { report, local }: TemplateContext): void {
  for (const { 0: tag, index } of text.matchAll(tags)) {
    // A note in a tag of its own.
    if (/^\{%-?\s*#/.test(tag)) continue;
    const first = /^\{\{[{&-]?\s*/.exec(tag)?.[0].length;
    for (const found of tag.matchAll(dollars)) {
      if (found[0] !== "$") continue;
      const name = /^\w+/.exec(tag.slice(found.index + 1))?.[0] ?? "";
      const start = index + found.index;
      const span = node.locate(start, start + 1 + name.length);
      const isField = tag[found.index - 1] === ".";
      const known = !isField && ["status", "body", "event", "last", "children", "supplement"].includes(name);
      // Older files write an output so, which is read as it is meant; in a tag it never was.
      const older = known && local && found.index === first;
      report.add("dollar-in-template", span, `Liquid can not name \`$${name}\`.`, {
        ...(isField && { hint: `a field of that name is \`['$${name}']\`, without the dot` }),
        ...(!isField && !known && { hint: `write \`${name}\` without the \`$\`` }),
        ...(known && { hint: `prompts see it as \`_${name}\``, fix: { title: `Write \`_${name}\``, span, text: `_${name}` } }),
        ...(older && { severity: "warning" as const }),
      });
    }
  }
}

/** How many unknown filters of one template are named. */
const filterFaults = 5;

function parse(node: TextNode, text: string, context: TemplateContext): TemplateVariable[] | undefined {
  const { report } = context;
  let { engine } = context;
  for (let round = 0; round <= filterFaults; round++) {
    try {
      const tree = engine.parse(text);
      context.trees.set(node, tree);
      const analysis = engine.analyzeSync(tree, { partials: false });
      const variables: TemplateVariable[] = [];
      for (const found of Object.values(analysis.globals)) {
        for (const variable of found) {
          const start = findOffset(text, variable.location.row, variable.location.col);
          const length = /^[\w-]+(?:\.[\w-]+|\[[^\]\s]*\])*/.exec(text.slice(start))?.[0].length ?? 1;
          const path: (string | number)[] = [];
          for (const segment of variable.segments) {
            if (typeof segment === "object") break;
            path.push(segment);
          }
          variables.push({ path, span: node.locate(start, start + length), isTold: node.value[start] === "$" });
        }
      }
      return variables;
    } catch (error) {
      const filter = addFailure(error, node, text, report);
      if (filter === undefined) return undefined;
      if (engine === context.engine) engine = createTemplateEngine();
      engine.registerFilter(filter, (value: unknown) => value);
    }
  }
  return undefined;
}

function findOffset(text: string, row: number, column: number): number {
  let start = 0;
  for (let line = 1; line < row; line++) {
    const next = text.indexOf("\n", start);
    if (next === -1) break;
    start = next + 1;
  }
  return Math.min(text.length, start + column - 1);
}

/** Filters of other languages. */
const filterAliases: Readonly<Record<string, string>> = {
  upper: "upcase",
  lower: "downcase",
  length: "size",
  count: "size",
  trim: "strip",
  tojson: "json",
  to_json: "json",
  title: "capitalize",
};

/** Reports why a template does not parse; returns the name of an unknown filter, which can be stepped over. */
function addFailure(error: unknown, node: TextNode, text: string, report: Report): string | undefined {
  const { message = "", token } = error as { message?: string; token?: { begin?: number; end?: number } };
  const first = message.split("\n")[0]?.replace(/, (?:file:.*?, )?line:\d+, col:\d+.*$/, "") ?? "";
  const begin = token?.begin ?? 0;
  const end = Math.max(token?.end ?? text.length, begin + 1);
  const filter = /undefined filter: (\S+)/.exec(first)?.[1];
  if (filter !== undefined) {
    const pattern = new RegExp(`\\|\\s*(${filter.replaceAll(/[^\w-]/g, "\\$&")})(?![\\w-])`, "g");
    const nearest = (Object.hasOwn(filterAliases, filter) ? filterAliases[filter] : undefined) ?? findNearestName(filter, allowedFilters);
    for (const match of text.matchAll(pattern)) {
      const start = match.index + match[0].length - filter.length;
      const span = node.locate(start, start + filter.length);
      report.add(
        "unknown-filter",
        span,
        `There is no filter \`${filter}\`.`,
        nearest === undefined ? {} : { hint: `did you mean \`${nearest}\`?`, fix: { title: `Write \`${nearest}\``, span, text: nearest } },
      );
    }
    return filter;
  }
  const tag = /^tag "(.*?)" not found/.exec(first)?.[1];
  if (tag !== undefined) {
    const at = text.indexOf(tag, begin);
    const span = node.locate(at === -1 ? begin : at, at === -1 ? end : at + tag.length);
    const nearest = findNearestName(tag, allowedTags);
    const mended = report.mend?.(node, "template");
    const hint = nearest === undefined ? `tags are ${allowedTags.join(", ")}` : `did you mean \`${nearest}\`?`;
    report.add("forbidden-tag", span, `There is no tag \`${tag}\` here.`, { hint, ...mended });
    return undefined;
  }
  const section = /^\{\{\s*([#^/>!])/.exec(text.slice(Math.max(0, begin - 2)));
  const span = node.locate(begin, Math.min(end, text.length));
  const said = first === "" ? "This does not parse" : first.charAt(0).toUpperCase() + first.slice(1);
  const details = section
    ? { hint: "mustache's sections are not Liquid: use `{% if x %}…{% endif %}` or `{% for y in x %}…{% endfor %}`" }
    : report.mend?.(node, "template");
  report.add("bad-template", span, `${said}.`, details);
  return undefined;
}
