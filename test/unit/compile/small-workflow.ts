/** The parts of the smallest workflow, for tests that change one thing about it. */

export const head = "name: a\ndescription: b\n";
export const schema = "frontmatter: { properties: { $status: { const: done }, note: { type: string } } }";
export const graph = "graph:\n  $START:\n    new: { role: w, prompt: Work. }\n  w:\n    done: { role: $END, prompt: Done. }\n";
export const listGraph = "graph:\n  $START: [{ role: w }]\n  w: [{ role: $END }]\n";
export const role = (fields: string): string => `roles:\n  w:\n    goal: Work.\n    ${schema}\n${fields.replaceAll(/^(?=.)/gm, "    ")}\n`;
