/** Workflows for the tests of proofs, compiled from what an author would write. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type CompiledWorkflow, compileWorkflow } from "../../../src/compile/index.ts";

/** Compiles a text that must be sound. */
export function compileText(text: string): CompiledWorkflow {
  const { compiled, diagnostics } = compileWorkflow(text);
  if (!compiled) throw new Error(diagnostics.map((found) => found.message).join("; "));
  return compiled;
}

/** Compiles one of the repository's own workflows. */
export function compileExample(name: string): CompiledWorkflow {
  return compileText(readFileSync(join(import.meta.dirname, "../../../workflows", `${name}.yaml`), "utf8"));
}

/** Two roles that pass work to and fro; `worker` is a field of the open one. */
export function writePair(worker = "type: open"): string {
  return `name: pair
description: Two roles.
binding: cloud
max_rounds: 6
roles:
  worker:
    description: Works.
    ${worker}
    frontmatter: { type: object, properties: { $status: { enum: [more, done] } }, required: [$status] }
  other:
    type: named
    agent: other-1
    description: Helps.
    frontmatter: { type: object, properties: { $status: { enum: [again, over] } }, required: [$status] }
graph:
  $START:
    new: { role: worker, prompt: "Begin." }
  worker:
    more: { role: other, prompt: "Help." }
    done: { role: $END, prompt: "Done." }
  other:
    again: { role: worker, prompt: "Again." }
    over: { role: $END, prompt: "Over." }
`;
}

/** A broadcast whose answers are counted. */
export const fleet = `name: fleet
description: All are told.
binding: cloud
max_rounds: 6
roles:
  fleet:
    type: broadcast
    description: Acts on it.
    broadcast: { ack: { need: all, timeout: 1h } }
graph:
  $START:
    new: { role: fleet, prompt: "Act." }
  fleet:
    $ACKED: { role: $END, prompt: "All did." }
    $PARTIAL: { role: fleet, prompt: "Act at last." }
`;

/** A list form in which each of `nodes` is a list of `[target, expression]`; without an expression it is the rest. */
export function writeList(schema: string, edges: [target: string, expression?: string][], more = "max_rounds: 6"): string {
  const conditions = edges.flatMap(([, expression], index) =>
    expression === undefined ? [] : [`  c${index}: { description: c, expression: ${JSON.stringify(expression)} }`],
  );
  const written = edges.map(([role, expression], index) => {
    return `    - { role: ${role}, prompt: p${expression === undefined ? "" : `, condition: c${index}`} }`;
  });
  return `name: listed
description: A list.
binding: cloud
${more}
roles:
  worker:
    description: Works.
    frontmatter: ${schema}
conditions:
${conditions.join("\n")}
graph:
  $START:
    - { role: worker, prompt: Begin. }
  worker:
${written.join("\n")}
`;
}

/** A broadcast after an open role, and again after itself; `broadcast` is what it needs. */
export function writePanel(broadcast = "{ ack: { need: all, timeout: 20s } }", form: "list" | "status" = "list"): string {
  const graph =
    form === "list"
      ? `conditions:
  once: { description: One round so far., expression: "$count(steps) = 2" }
graph:
  $START: [{ role: first, prompt: Go. }]
  first: [{ role: readers, prompt: Read. }]
  readers:
    - { role: readers, condition: once, prompt: Again. }
    - { role: $END, prompt: Done. }
`
      : `graph:
  $START: { new: { role: first, prompt: Go. } }
  first: { read: { role: readers, prompt: Read. } }
  readers:
    $ACKED: { role: $END, prompt: Done. }
    $PARTIAL: { role: readers, prompt: Again. }
`;
  return `name: panel
description: Many read after one has written.
binding: cloud
max_rounds: 6
roles:
  first:
    capabilities: [write]
    description: Writes.
    frontmatter: { type: object, properties: { $status: { const: read } }, required: [$status] }
  readers:
    type: broadcast
    description: Read.
    capabilities: [read]
    broadcast: ${broadcast}
    frontmatter: { type: object, properties: { vote: { enum: [print, rework] } }, required: [vote] }
${graph}`;
}
