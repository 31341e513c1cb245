/** The language's words as a page for people. A pure function: who writes the file, and where, is the caller's business. */
import {
  ackNeeds,
  bindings,
  bindModes,
  engineStatuses,
  lossPolicies,
  overflowPolicies,
  pickModes,
  reflexKinds,
  roleTypes,
  signals,
  startKeys,
  targets,
  turnPolicies,
  unfilledPolicies,
} from "../../contract/language.ts";

const meanings = Object.fromEntries(Object.entries(engineStatuses).map(([status, { meaning }]) => [status, meaning]));

/** Where each enumeration stands in a file, and what is the word if none is written. */
const enumerations: readonly { field: string; about: string; words: Readonly<Record<string, string>> }[] = [
  { field: "binding", about: "Who runs the workflow; `local` if nothing is said.", words: bindings },
  { field: "overflow", about: "What becomes of a start past `concurrency`; default `queue`.", words: overflowPolicies },
  { field: "reflexes[].kind", about: "What a reflex does.", words: reflexKinds },
  { field: "reflexes[].signal", about: "What a reflex of the kind `signal` tells the thread that has the key.", words: signals },
  { field: "roles.<role>.type", about: "Who plays the role; default `named` where there is an `agent`, else `open`.", words: roleTypes },
  { field: "roles.<role>.bind", about: "For how long an open role is held; default `thread`.", words: bindModes },
  { field: "roles.<role>.recruitment.pick", about: "Which claim is taken; default `first`.", words: pickModes },
  {
    field: "roles.<role>.recruitment.on_unfilled",
    about: "What happens when nobody takes the role; default `suspend`.",
    words: unfilledPolicies,
  },
  {
    field: "roles.<role>.turn.on_timeout, on_fail",
    about:
      "What happens when a turn's time and retries are used up, or it failed for good; default `suspend`. An edge for `$TIMEOUT` or `$FAILED` goes first.",
    words: turnPolicies,
  },
  {
    field: "roles.<role>.offline.then",
    about:
      "What happens when the holder is lost; default `rerecruit`, of named roles `wait`. An edge for `$OFFLINE` goes before all but `rerecruit`.",
    words: lossPolicies,
  },
  { field: "roles.<role>.broadcast.ack.need", about: "How many answers are enough, or a number; default `all`.", words: ackNeeds },
  { field: "graph.$START.<key>", about: "How a thread begins.", words: startKeys },
  { field: "graph.<role>.<status>", about: "Statuses that the engine gives where a role's answer can't.", words: meanings },
  { field: "graph.<role>.<status>.role", about: "Where an edge may lead, beside roles.", words: targets },
];

/** Renders the page of all words, in Markdown. */
export function renderLanguage(): string {
  const lines = [
    "# The language's words",
    "",
    "Every field of a workflow that takes one of a few words, with what each means. Editors show the same. This page is generated from",
    "`src/contract/language.ts`; all other fields are in `schemas/nerve-workflow.schema.json`, and how to write a workflow in",
    "[authoring](authoring.md).",
    "",
  ];
  for (const { field, about, words } of enumerations) {
    lines.push(`## \`${field}\``, "", about, "", "| word | meaning |", "|---|---|");
    for (const [word, meaning] of Object.entries(words)) lines.push(`| \`${word}\` | ${meaning.replaceAll("|", "\\|")} |`);
    lines.push("");
  }
  return lines.join("\n");
}
