/**
 * Tells workflow files from other YAML, so that an editor may give the server every YAML file. Reads lines, not YAML: a file that is
 * half written or broken is told too. Knows no files, and imports nothing heavy: editors' extensions hold it as well.
 */
import { bindings } from "../contract/language.ts";
import { lspLimits } from "./limits.ts";

/** The language's fields at the top of a file. */
export const topFields: readonly string[] = [
  ...[
    "name",
    "description",
    "version",
    "binding",
    "roles",
    "conditions",
    "graph",
    "moderator",
    "input",
    "expose",
    "reflexes",
    "concurrency",
  ],
  ...["overflow", "max_queue", "max_rounds", "maxRounds", "budget", "senses", "agents", "extract", "api"],
];

/**
 * Tells whether a YAML file is a workflow: by its name (`*.nerve.yaml`), by what it says (the schema's name in a comment, `binding:`, or
 * `roles:` with `graph:` or `moderator:`), or because it lies in a folder `workflows` and says nothing that no workflow says.
 * @param path a path or a URI
 */
export function isWorkflow(path: string, text: string): boolean {
  const place = path.replaceAll("\\", "/");
  if (/\.nerve\.ya?ml$/i.test(place)) return true;
  const read = text.slice(0, lspLimits.recognised);
  if (/^#.*nerve-workflow\.schema\.json/m.test(read)) return true;
  const fields = new Map(
    [...read.matchAll(/^(["']?)([\w$.-]+)\1[ \t]*:(?:[ \t]+(.*))?$/gm)].map((match) => [match[2] ?? "", match[3] ?? ""]),
  );
  const binding = /^["']?(\w+)/.exec(fields.get("binding") ?? "")?.[1];
  if (binding !== undefined && Object.hasOwn(bindings, binding)) return true;
  if (fields.has("roles") && (fields.has("graph") || fields.has("moderator"))) return true;
  // `.github/workflows` and its like are another's.
  const inFolder = /(^|\/)workflows\/[^/]+\.ya?ml$/i.test(place) && !/(^|\/)\.[^/]+\/workflows\//.test(place);
  return inFolder && [...fields.keys()].every((field) => topFields.includes(field) || field.startsWith("x-"));
}
