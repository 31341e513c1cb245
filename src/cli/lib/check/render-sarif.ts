/** Findings as SARIF 2.1.0, the format in which code hosts take what tools find. */
import { isAbsolute, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { catalogue } from "../../../compile/diagnostics/catalogue.ts";
import type { Diagnostic } from "../../../compile/diagnostics/diagnostic.ts";
import type { Span } from "../../../compile/source/span.ts";
import { version } from "../../../version.ts";
import type { CheckedFile } from "./check-file.ts";
import { locateSpan } from "./to-json.ts";

const schema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/** A URI that a code host can find in the repository: relative to the folder that the check ran in, where the file is inside. */
function toUri(file: string): string {
  if (file === "<stdin>") return "stdin";
  const path = relative(process.cwd(), file);
  if (path.startsWith("..") || isAbsolute(path)) return pathToFileURL(file).href;
  return path.split(/[\\/]/).map(encodeURIComponent).join("/");
}

function toRegion(text: string, span: Span): object {
  const { line, column, endLine, endColumn } = locateSpan(text, span);
  return { startLine: line, startColumn: column, endLine, endColumn };
}

function toResult(file: CheckedFile, diagnostic: Diagnostic, rules: string[]): object {
  const { code, severity, message, hint, span, related, fix } = diagnostic;
  const artifactLocation = { uri: toUri(file.file) };
  const locate = (place: Span): object => ({ artifactLocation, region: toRegion(file.text, place) });
  return {
    ruleId: code,
    ruleIndex: rules.indexOf(code),
    level: severity,
    message: { text: hint === undefined ? message : `${message} Hint: ${hint}` },
    locations: [{ physicalLocation: locate(span) }],
    ...(related.length === 0
      ? {}
      : { relatedLocations: related.map((other, id) => ({ id, message: { text: other.message }, physicalLocation: locate(other.span) })) }),
    ...(fix
      ? {
          fixes: [
            {
              description: { text: fix.title },
              artifactChanges: [
                { artifactLocation, replacements: [{ deletedRegion: toRegion(file.text, fix.span), insertedContent: { text: fix.text } }] },
              ],
            },
          ],
        }
      : {}),
  };
}

/** Renders one run's findings. Columns are UTF-16 units, which is SARIF's own default. */
export function renderSarif(checked: CheckedFile[]): object {
  const found = new Set(checked.flatMap(({ diagnostics }) => diagnostics.map(({ code }) => code)));
  const entries = Object.entries(catalogue).filter(([, { code }]) => found.has(code));
  const rules = entries.map(([, { code }]) => code);
  const unreadable = checked.filter(({ problem }) => problem !== undefined);
  return {
    $schema: schema,
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "nerveflare",
            version,
            semanticVersion: version,
            rules: entries.map(([name, { code, severity, title, explanation }]) => ({
              id: code,
              name,
              shortDescription: { text: title },
              fullDescription: { text: explanation },
              help: { text: explanation },
              defaultConfiguration: { level: severity },
            })),
          },
        },
        columnKind: "utf16CodeUnits",
        invocations: [
          {
            executionSuccessful: unreadable.length === 0,
            toolExecutionNotifications: unreadable.map(({ file, problem }) => ({
              level: "error",
              message: { text: `${file} ${problem?.message}` },
              locations: [{ physicalLocation: { artifactLocation: { uri: toUri(file) } } }],
            })),
          },
        ],
        results: checked.flatMap((file) => file.diagnostics.map((diagnostic) => toResult(file, diagnostic, rules))),
      },
    ],
  };
}
