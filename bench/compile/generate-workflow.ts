/** Makes sound workflow files of a wanted size, up to the language's limits. */
import { compileLimits } from "../../src/compile/limits.ts";

/** How the graph is written. */
export type Form = "status" | "list";

/** A file of about so many bytes: first more roles, then more edges and answers a role, then longer procedures. */
export function generateWorkflow(form: Form, bytes: number): string {
  const roles = Math.max(2, Math.min(compileLimits.roles, Math.floor(bytes / 1_200)));
  const statuses = Math.max(2, Math.min(Math.floor(compileLimits.edges / roles) - 1, Math.floor(bytes / roles / 500)));
  const bare = render(form, roles, statuses, 0);
  const line = "      Read what was found before, and say in one line what is to be done about it.\n";
  const missing = Math.max(0, Math.min(bytes, compileLimits.fileBytes) - bare.length);
  return render(form, roles, statuses, Math.floor(missing / line.length / roles), line);
}

function render(form: Form, roles: number, statuses: number, lines: number, line = ""): string {
  const names = Array.from({ length: roles }, (_, index) => `role-${index}`);
  const words = Array.from({ length: statuses }, (_, index) => `status_${index}`);
  const list = <Item>(items: Item[], write: (item: Item, index: number) => string): string => items.map(write).join("");
  const branch = (word: string): string =>
    `        - properties:\n            $status: { const: ${word} }\n            summary: { type: string }\n            ${word}: { type: array, items: { type: string } }\n          required: [$status, summary]\n`;
  const role = (name: string): string =>
    `  ${name}:\n    type: open\n    description: Plays ${name}.\n    goal: Find what a careful colleague would find.\n    capabilities: [work, ${name}]\n    eligibility: { where: "load < 3" }\n    turn: { timeout: 45m, on_timeout: rerecruit }\n    procedure: |\n      Do the work.\n${line.repeat(lines)}    frontmatter:\n${form === "status" ? `      oneOf:\n${list(words, branch)}` : `      type: object\n      properties:\n${list(words, (word) => `        ${word}: { type: boolean }\n`)}`}`;
  const target = (node: number, index: number): string =>
    index === 0 ? (names[node + 1] ?? "$END") : (names[(node * 7 + index) % roles] ?? "$END");
  const statusNode = (name: string, node: number): string =>
    `  ${name}:\n${list(words, (word, index) => `    ${word}: { role: ${target(node, index)}, prompt: "After {{ summary }}: {{ ${word} | join: '; ' }}" }\n`)}`;
  const listNode = (name: string, node: number): string =>
    `  ${name}:\n${list(words.slice(1), (_, index) => `    - { role: ${target(node, index + 1)}, condition: c${((node * 3 + index) % compileLimits.conditions) % (roles * 3)}, prompt: "Go on." }\n`)}    - { role: ${target(node, 0)}, prompt: "Next." }\n`;
  const used =
    form === "list"
      ? new Set(
          [...names.keys()].flatMap((node) =>
            words.slice(1).map((_, index) => ((node * 3 + index) % compileLimits.conditions) % (roles * 3)),
          ),
        )
      : [];
  const conditions = [...used].sort((a, b) => a - b);
  const head = "name: generated\ndescription: As large as it is asked to be.\nbinding: cloud\nmax_rounds: 50\n";
  if (form === "status")
    return `${head}roles:\n${list(names, role)}graph:\n  $START:\n    new: { role: role-0, prompt: "Begin." }\n${list(names, statusNode)}`;
  const condition = (index: number): string =>
    `  c${index}: { expression: "$last('role-${index % roles}').status_0 = true and $count(steps[role = 'role-${index % roles}']) >= ${index}" }\n`;
  return `${head}roles:\n${list(names, role)}conditions:\n${list(conditions, condition)}graph:\n  $START: [{ role: role-0, prompt: "Begin." }]\n${list(names, listNode)}`;
}
