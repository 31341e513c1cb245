/** Shape: a field is unknown, missing, or holds the wrong sort of value. */
import type { CatalogueEntry } from "../catalogue-entry.ts";

export const shapeCatalogue = {
  "unknown-field": {
    code: "NRV2001",
    severity: "error",
    title: "An unknown field",
    explanation: "The language has no such field here. Keys that begin with `x-` are ignored and may hold anything.",
  },
  "missing-field": {
    code: "NRV2002",
    severity: "error",
    title: "A missing field",
    explanation: "A field that must be given is not there.",
  },
  "wrong-type": {
    code: "NRV2003",
    severity: "error",
    title: "A value of the wrong type",
    explanation: "The field takes another type of value than the one that is written.",
  },
  "wrong-value": {
    code: "NRV2004",
    severity: "error",
    title: "A value that is not among those allowed",
    explanation: "The field takes one of a few words.",
  },
  "bad-name": {
    code: "NRV2005",
    severity: "error",
    title: "A workflow name that is not kebab-case",
    explanation:
      "The name is the workflow's identity in the registry: small letters and digits in words joined by `-`, at most 64 characters.",
  },
  "bad-role-name": {
    code: "NRV2006",
    severity: "error",
    title: "A role name that can not be used",
    explanation: "A role becomes a state of a machine: letters, digits, `_` and `-`, at most 64 characters, beginning with a letter.",
  },
  "reserved-role-name": {
    code: "NRV2007",
    severity: "error",
    title: "A reserved role name",
    explanation: "`$START`, `$END` and `$SUSPEND` are places of the graph, not roles.",
  },
  "bad-duration": {
    code: "NRV2008",
    severity: "error",
    title: "A bad duration",
    explanation: "A duration is a whole number and a unit: `500ms`, `30s`, `10m`, `24h`, `7d`.",
  },
  "out-of-range": {
    code: "NRV2009",
    severity: "error",
    title: "A number out of range",
    explanation: "The number is smaller or larger than the field allows, or not whole.",
  },
  "too-many": {
    code: "NRV2010",
    severity: "error",
    title: "Too many of something",
    explanation: "A list or mapping holds more than the compiler takes; the machines made from it stay bounded.",
  },
  "blank-text": { code: "NRV2011", severity: "error", title: "Text that is blank", explanation: "The field must say something." },
  "bad-schema": {
    code: "NRV2012",
    severity: "error",
    title: "A JSON Schema that is none",
    explanation:
      "The schema would not check what it seems to: a keyword holds a value of the wrong type, or a type that does not exist, a reference leads nowhere or out of the schema, or a pattern does not parse.",
  },
  "graph-or-moderator": {
    code: "NRV2013",
    severity: "error",
    title: "Neither graph nor moderator, or both",
    explanation: "A workflow decides by a `graph` or by a `moderator` expression, not by both.",
  },
  "mixed-graph-forms": {
    code: "NRV2014",
    severity: "error",
    title: "Two graph forms in one file",
    explanation: "Every node of a graph is a list of transitions (list form), or every node maps statuses to edges (status form).",
  },
  "bad-kind": {
    code: "NRV2015",
    severity: "error",
    title: "An event kind that can not be",
    explanation: "A kind is dotted words of `a-z 0-9 _ -`, at most 128 characters.",
  },
  "bad-recipient": {
    code: "NRV2016",
    severity: "error",
    title: "A recipient that can not be addressed",
    explanation: "`to` is `*`, or a comma-separated list of `agents/<id>`, `cap:<capability>` and `role:<role>`.",
  },
  "bad-agent-id": {
    code: "NRV2017",
    severity: "error",
    title: "An agent id that can not be",
    explanation: "An agent id has 1 to 128 characters of `A-Z a-z 0-9 . _ : -`.",
  },
  "given-twice": {
    code: "NRV2018",
    severity: "error",
    title: "One field under two names",
    explanation: "A field and its older name both stand in one mapping.",
  },
  "unbounded-schema": {
    code: "NRV2019",
    severity: "error",
    title: "A JSON Schema that can't be judged by in bounded time",
    explanation:
      "Everybody waits while an answer is judged. A pattern must be one that is matched in linear time (no back-references), and a schema must not lead back to itself for the same value, nor try thousands of alternatives on it.",
  },
  "required-unknown": {
    code: "NRV2020",
    severity: "error",
    title: "A required property that is none",
    explanation: "`required` names a property that a closed object does not take, or one that is close to the name of another.",
  },
  "schema-contradiction": {
    code: "NRV2021",
    severity: "error",
    title: "A JSON Schema that contradicts itself",
    explanation: "No value fits: a lower bound is above its upper bound, or the constants are not of the type.",
  },
} as const satisfies Record<string, CatalogueEntry>;
