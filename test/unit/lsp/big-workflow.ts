/** A workflow as long as is wanted: roles in a row, each with a goal of many lines. */
export function writeBigWorkflow(roles: number, linesOfGoal = 30): string {
  const numbers = Array.from({ length: roles }, (_, index) => index);
  return [
    "version: 1",
    "binding: cloud",
    "name: big",
    "description: Roles in a row.",
    "max_rounds: 100",
    "reflexes:",
    "  - { kind: workflow, on: [big.begun] }",
    "roles:",
    ...numbers.flatMap((number) => [
      `  role-${number}:`,
      "    type: open",
      "    goal: |",
      ...Array<string>(linesOfGoal).fill("      Some words about what this role is there for."),
      "    capabilities: [coding]",
      "    frontmatter:",
      "      oneOf:",
      "        - { type: object, required: [$status], properties: { $status: { const: done } } }",
      "        - { type: object, required: [$status], properties: { $status: { const: again } } }",
    ]),
    "graph:",
    '  $START: { new: { role: role-0, prompt: "Begin." } }',
    ...numbers.flatMap((number) => [
      `  role-${number}:`,
      `    done: { role: ${number + 1 < roles ? `role-${number + 1}` : "$END"}, prompt: "Go on." }`,
      `    again: { role: role-${Math.max(0, number - 1)}, prompt: "Once more." }`,
    ]),
    "",
  ].join("\n");
}
