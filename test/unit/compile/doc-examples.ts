/**
 * The YAML of the docs as workflow files. A block that opens with ```` ```yaml ```` is a whole file; its info string says more:
 * `fragment=workflow` is some of a file's fields, `fragment=roles` (`graph`, `reflexes`, …) what stands under that field; the rest is put
 * around it. `gives=NRV3008` is meant to be wrong, with just these findings. `includes` may include any file.
 */
import { readFileSync } from "node:fs";
import { parse } from "yaml";

/** A block of a page, as a whole file. */
export interface DocExample {
  /** `language.md:120`. */
  place: string;
  text: string;
  gives: string[];
  /** The paragraph before it. */
  lead: string;
  includes: boolean;
}

const docs = new URL("../../../docs/", import.meta.url).pathname;

/** Every YAML block of a page of the docs. */
export function readExamples(page: string): DocExample[] {
  return findExamples(page, readFileSync(`${docs}${page}`, "utf8"));
}

/** Every YAML block of a text in Markdown. */
export function findExamples(page: string, markdown: string): DocExample[] {
  return [...markdown.matchAll(/^```yaml(.*)\n([\s\S]*?)^```$/gm)].map(({ 1: info = "", 2: block = "", index }) => {
    const fragment = /\bfragment=(\w+)/.exec(info)?.[1];
    return {
      place: `${page}:${markdown.slice(0, index).split("\n").length}`,
      text:
        fragment === undefined ? block : complete(fragment === "workflow" ? block : `${fragment}:\n${block.replaceAll(/^(?=.)/gm, "  ")}`),
      gives: /\bgives=(\S+)/.exec(info)?.[1]?.split(",") ?? [],
      lead: markdown.slice(0, index).trimEnd().split("\n\n").at(-1) ?? "",
      includes: /\bincludes\b/.test(info),
    };
  });
}

/** Stands for `!include` where only the text is asked for. */
const include = { tag: "!include", resolve: (path: string) => path };

/** A file's value, with merge keys; what it includes is a path. */
export function readValue(text: string): { [field: string]: unknown } {
  return parse(text, { merge: true, customTags: [include] }) as { [field: string]: unknown };
}

/** Adds the fields that a whole file needs and the fragment has not. */
function complete(fragment: string): string {
  const { roles, graph, conditions = {} } = readValue(fragment) as Record<"roles" | "graph" | "conditions", object | undefined>;
  const nodes = Object.keys(graph ?? {}).filter((name) => name !== "$START");
  const names = Object.keys(roles ?? {});
  const [first = "worker", ...others] = names.length > 0 ? names : nodes;
  const chain = ["$START", first, ...others, "$END"];
  const rest = {
    name: "example",
    description: "An example.",
    binding: "cloud",
    max_rounds: 20,
    roles: Object.fromEntries([first, ...others].map((name) => [name, { goal: "Work.", frontmatter: true }])),
    graph: Object.fromEntries(
      chain.slice(0, -1).map((name, index) => {
        const asks = name === first ? Object.keys(conditions).map((condition) => ({ role: "$END", condition })) : [];
        return [name, [...asks, { role: chain[index + 1] }]];
      }),
    ),
  };
  const given = readValue(fragment);
  const added = Object.entries(rest).filter(([field]) => !Object.hasOwn(given, field));
  return `${fragment}${added.map(([field, value]) => `${field}: ${JSON.stringify(value)}\n`).join("")}`;
}
