/** Workflows with many roles, in the shapes that big workflows have. */
import { type CompiledWorkflow, compileWorkflow } from "../../../../src/compile/compile-workflow.ts";

export const shapes = ["chain", "star", "mesh", "panel"] as const;
type Shape = (typeof shapes)[number];

const tasks = [
  "Reads what came before and writes the next part of it, with its sources",
  "Checks every figure against its source",
  "Asks for what is missing and waits for it",
  "Puts the parts together into one report that a person can sign",
];

/** Where a role leads to, by its status. */
function listEdges(shape: Shape, index: number, count: number): [status: string, target: string][] {
  const name = (at: number): string => (at < count ? `role-${at + 1}` : "$END");
  const next = name(index + 1);
  switch (shape) {
    case "chain":
      return [
        ["done", next],
        ["again", index % 5 === 4 ? name(index - 3) : name(index)],
        ["stuck", index % 7 === 6 ? name(index - 6) : "$END"],
      ];
    case "star":
      if (index > 0) return [["done", name(0)]];
      return [...Array.from({ length: count - 1 }, (_, to): [string, string] => [`to-${to + 2}`, name(to + 1)]), ["done", "$END"]];
    case "mesh":
      return [
        ["done", next],
        ["again", name((index * 7 + 3) % count)],
        ["stuck", name((index * 11 + 5) % count)],
      ];
    case "panel":
      if (isPanel(shape, index))
        return [
          ["$ACKED", next],
          ["$PARTIAL", name(index - 2)],
        ];
      return [
        ["done", next],
        ["stuck", "$END"],
      ];
  }
}

function isPanel(shape: Shape, index: number): boolean {
  return shape === "panel" && index % 6 === 3;
}

function writeRole(shape: Shape, index: number, edges: [string, string][]): string {
  const head = `  role-${index + 1}:\n    description: ${tasks[index % tasks.length]}.`;
  if (isPanel(shape, index)) return `${head}\n    type: broadcast\n    capabilities: [voting]`;
  const holder = index % 3 === 0 ? `    type: named\n    agent: agent-${index}` : "    type: open\n    capabilities: [work]";
  const statuses = edges.map(([status]) => status).join(", ");
  return `${head}\n${holder}\n    frontmatter: { type: object, properties: { $status: { enum: [${statuses}] } }, required: [$status] }`;
}

/** Writes one of so many roles. */
export function writeBigWorkflow(shape: Shape, count: number): string {
  const edges = Array.from({ length: count }, (_, index) => listEdges(shape, index, count));
  return [
    `name: big-${shape}`,
    "binding: cloud",
    `description: ${count} roles as a ${shape}.`,
    "max_rounds: 300",
    "reflexes: [ { kind: workflow, on: [wanted] } ]",
    "roles:",
    ...edges.map((of, index) => writeRole(shape, index, of)),
    "graph:",
    '  $START:\n    new: { role: role-1, prompt: "Begin." }',
    ...edges.map(
      (of, index) =>
        `  role-${index + 1}:\n${of.map(([status, target]) => `    ${status}: { role: ${target}, prompt: "Go on." }`).join("\n")}`,
    ),
    "",
  ].join("\n");
}

/** @throws where it does not compile */
export function compileBigWorkflow(shape: Shape, count: number): CompiledWorkflow {
  const { compiled, diagnostics } = compileWorkflow(writeBigWorkflow(shape, count));
  if (!compiled) throw new Error(diagnostics.map(({ message }) => message).join("\n"));
  return compiled;
}
