/** That docs/glossary.md has a row for every word of the closed sets, and that the code calls nothing by a name that the glossary has given up. */
import { globSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { compileWorkflow } from "../../../src/compile/compile-workflow.ts";
import { holderStates, openRoleStates, presenceStates, roleStates, threadStatuses, turnOutcomes } from "../../../src/contract/statuses.ts";
import { oldWaitWords, waitMeanings, waitWords } from "../../../src/contract/waits.ts";

const page = readFileSync("docs/glossary.md", "utf8");

/** The rows of the tables between a line and the next heading or table: the first cell's words in bold. */
function listWords(from: string): string[] {
  const [, part] = page.split(from);
  if (part === undefined) throw new Error(`docs/glossary.md has no part that begins with: ${from}`);
  const table = part.slice(part.indexOf("|---")).split(/\n(?!\|)/)[0] ?? "";
  return [...table.matchAll(/^\| \*\*(.+?)\*\*/gm)].flatMap(([, word]) => word ?? []);
}

const everyState = `name: states
binding: cloud
description: S.
reflexes: [ { kind: workflow, on: [s.go] } ]
roles:
  early: { type: open, capabilities: [x], description: E., recruitment: { backoff: 1m, on_unfilled: retry }, frontmatter: { properties: { $status: { const: done } }, required: [$status] } }
  late: { type: open, capabilities: [x], description: L., bind: turn, frontmatter: { properties: { $status: { const: done } }, required: [$status] } }
  again: { type: open, capabilities: [x], recruitment: { group: again }, description: A., frontmatter: { properties: { $status: { const: done } }, required: [$status] } }
  named: { type: named, agent: a, description: N., frontmatter: { properties: { $status: { const: done } }, required: [$status] } }
graph:
  $START: { new: { role: early, prompt: "." }, resume: { role: again, prompt: "." } }
  again: { done: { role: late, prompt: "." } }
  early: { done: { role: named, prompt: "." } }
  named: { done: { role: late, prompt: "." } }
  late: { done: { role: $END, prompt: "." } }
`;

/** The states of roles' regions, as a compiled workflow has them. */
async function listRoleStates(): Promise<string[]> {
  const { compiled, diagnostics } = await compileWorkflow(everyState);
  const config = compiled?.recruitment as { states: { open: { states: Record<string, { states: object }> } } } | undefined;
  if (!config) throw new Error(JSON.stringify(diagnostics));
  const regions = Object.entries(config.states.open.states).filter(([region]) => !region.startsWith("$"));
  return [...new Set(regions.flatMap(([, { states }]) => Object.keys(states)))];
}

test("[GLOSS1] the glossary has a row for every word that a thread, a role, an agent or a turn may have", async () => {
  expect(listWords("## What a thread waits for").toSorted()).toEqual(waitWords.toSorted());
  expect(listWords("Of a thread, `status`:")).toEqual([...threadStatuses]);
  expect(listWords("Of an agent, `presence.state`:")).toEqual([...presenceStates]);
  expect(listWords("Of a turn, for the agent that had it:")).toEqual([...turnOutcomes]);
  expect(listWords("Of a role in a thread, `roles.<role>.state`:")).toEqual(Object.keys(roleStates));
});

test("[GLOSS1] a role's states are those that its machine has", async () => {
  const states = await listRoleStates();
  expect(states.toSorted()).toEqual([...Object.keys(openRoleStates), ...Object.keys(holderStates)].toSorted());
});

test("[GLOSS1] the old words that a filter takes are those that the glossary names", () => {
  const said = /A filter takes the words of before too: (.*)/.exec(page)?.[1] ?? "";
  const named = [...said.matchAll(/`(\w+)`/g)].map(([, word]) => word ?? "");
  expect(named.filter((word) => !Object.hasOwn(waitMeanings, word)).toSorted()).toEqual(Object.keys(oldWaitWords).toSorted());
});

test("[GLOSS1] a term has one row", () => {
  const terms = ["## Threads and roles", "## Events on their way"].flatMap(listWords);
  expect(terms.length).toBeGreaterThan(20);
  expect(new Set(terms).size).toBe(terms.length);
});

/** What was called so once; as a part of a name in camel case. */
const banned = /^(park(s|ed|ing)?|seal(s|ed)?|lanes?|knock(s|ed)?|seat(s|ed|ing)?|unseat(ed)?|patience|passing|sidecars?|along)$/;

/** Names that the glossary lists as stored or sent. */
const stored = new Set(
  page.split("\n").flatMap((line) => {
    const cells = line.split(" | ");
    return /^\| \*\*/.test(line) && cells.length === 4 ? [...(cells[3] ?? "").matchAll(/`(\w+)`/g)].map(([, name]) => name ?? "") : [];
  }),
);

/** Names in a source file that are banned and not listed; comments are prose. */
function findBanned(source: string): string[] {
  const code = source.replace(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, "");
  return [...code.matchAll(/[A-Za-z_$][\w$]*/g)].flatMap(([name]) => {
    const parts = name.split(/_|(?<=[a-z\d])(?=[A-Z])/).map((part) => part.toLowerCase());
    return parts.some((part) => banned.test(part)) && !stored.has(name) ? [name] : [];
  });
}

test("[GLOSS2] code calls nothing by a name that the glossary has given up, but for stored names that it lists", () => {
  expect(findBanned("const laneOf = parkedEvents; // a lane\ncreateSeats(passing)")).toEqual([
    "laneOf",
    "parkedEvents",
    "createSeats",
    "passing",
  ]);
  const faults = globSync("src/**/*.ts").flatMap((file) => findBanned(readFileSync(file, "utf8")).map((name) => `${file}: ${name}`));
  expect(faults, "Use the glossary's term, or list the name there if something stored or sent has it.").toEqual([]);
});
