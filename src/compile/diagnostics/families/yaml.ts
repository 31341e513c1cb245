/** YAML: the file can not be read as one YAML document. */
import type { CatalogueEntry } from "../catalogue-entry.ts";

export const yamlCatalogue = {
  "bad-yaml": {
    code: "NRV1001",
    severity: "error",
    title: "YAML that does not parse",
    explanation: "The text is not valid YAML 1.2. The message is the parser's own; look at the marked place and at the line above it.",
  },
  "duplicate-key": {
    code: "NRV1002",
    severity: "error",
    title: "A key stands twice",
    explanation:
      "One mapping holds the same key twice. YAML forbids it, and readers that allow it keep one of the two without saying which.",
  },
  "bad-indent": {
    code: "NRV1003",
    severity: "error",
    title: "Wrong indentation",
    explanation: "A line is indented less or more than the block that it belongs to.",
  },
  "tab-indent": {
    code: "NRV1004",
    severity: "error",
    title: "A tab indents",
    explanation: "YAML is indented with spaces; a tab has no defined width.",
  },
  "bad-alias": {
    code: "NRV1005",
    severity: "error",
    title: "An alias without an anchor",
    explanation: "`*name` repeats what `&name` marked earlier in the file. It can not name something later, or what it stands inside of.",
  },
  "alias-bomb": {
    code: "NRV1006",
    severity: "error",
    title: "Aliases that grow without bound",
    explanation: "Aliases of aliases multiply. Written out, the file would be larger than the compiler takes.",
  },
  "bad-merge": {
    code: "NRV1007",
    severity: "error",
    title: "A merge key without a mapping",
    explanation: "`<<` merges a mapping, or a list of mappings, into the one it stands in.",
  },
  "bad-key": {
    code: "NRV1008",
    severity: "error",
    title: "Something that can not be a key",
    explanation: "Keys are plain words. Lists, mappings, nothing at all and `__proto__` are refused.",
  },
  "unknown-tag": {
    code: "NRV1009",
    severity: "error",
    title: "An unknown YAML tag",
    explanation: "Only `!include` has a meaning in a workflow.",
  },
  "several-documents": {
    code: "NRV1010",
    severity: "error",
    title: "More than one YAML document",
    explanation: "A file holds one workflow; `---` may only stand before it.",
  },
  "empty-file": {
    code: "NRV1011",
    severity: "error",
    title: "An empty file",
    explanation: "There is nothing in the file but blanks and comments.",
  },
  "file-too-large": {
    code: "NRV1012",
    severity: "error",
    title: "A file that is too large",
    explanation: "A workflow file is bounded, so that compiling it is bounded too.",
  },
  "nested-too-deep": {
    code: "NRV1013",
    severity: "error",
    title: "Nesting that is too deep",
    explanation: "Lists and mappings stand inside one another more often than the compiler follows.",
  },
  "forbidden-character": {
    code: "NRV1014",
    severity: "error",
    title: "A control character",
    explanation: "YAML allows no control characters but tab and line ends; in double quotes they can be written as escapes.",
  },
  "not-json": {
    code: "NRV1015",
    severity: "error",
    title: "A value that JSON does not have",
    explanation: "Infinity, not-a-number, dates and binary data can not travel to an agent.",
  },
  "include-refused": {
    code: "NRV1016",
    severity: "error",
    title: "An include that can not be had",
    explanation:
      "`!include` is read by the command line tool, relative to the file, of its folder and below. A server reads one file: `publish` writes into it what is included.",
  },
  "leading-zero": {
    code: "NRV1017",
    severity: "warning",
    title: "A number with a leading zero",
    explanation: "YAML 1.2 reads `010` as 10, YAML 1.1 as 8. A number that is an id loses its zeros.",
  },
  "inexact-number": {
    code: "NRV1018",
    severity: "warning",
    title: "A number that loses digits",
    explanation: "JSON's readers keep whole numbers up to 2^53 exactly. Larger ones are rounded.",
  },
} as const satisfies Record<string, CatalogueEntry>;
