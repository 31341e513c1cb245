/** Compares docs/spec.md with the titles of all tests, in both directions. Each fault says where it is and what to do. */
import type { DeclaredTest } from "./read-titles.ts";

interface Family {
  name: string;
  line: number;
  promises: { number: number; line: number; sentence: string }[];
  notGiven: number[];
}

const page = "docs/spec.md";

/** What the page has by family, and what cannot be read. */
function readSpec(spec: string): { families: Family[]; faults: string[] } {
  const families: Family[] = [];
  const faults: string[] = [];
  spec.split("\n").forEach((text, index) => {
    const line = index + 1;
    const [, name] = text.match(/^### ([A-Z]+): \S/) ?? [];
    if (name) {
      const twin = families.find((each) => each.name === name);
      if (twin) faults.push(`${page}:${line}: ${name} is the family of line ${twin.line} already. Give this one a name of its own.`);
      families.push({ name, line, promises: [], notGiven: [] });
    } else if (text.startsWith("#")) {
      if (text.startsWith("###")) faults.push(`${page}:${line}: a family's heading is \`### NAME: what it is about\`, NAME in capitals.`);
      return;
    }
    const family = families.at(-1);
    if (!family) return;
    const [, owner, number, sentence] = text.match(/^- \*\*\[([A-Z]+)([1-9]\d*)\]\*\* (\S.*)$/) ?? [];
    if (owner && number && sentence) {
      if (owner === family.name) family.promises.push({ number: Number(number), line, sentence });
      else faults.push(`${page}:${line}: [${owner}${number}] stands under ${family.name}. Move it to its family.`);
    } else if (text.startsWith("- ")) faults.push(`${page}:${line}: a promise is written as \`- **[${family.name}1]** Its sentence.\``);
    if (text.startsWith("Not given: "))
      for (const [, from, to] of text.matchAll(/[A-Z]+(\d+)(?:–[A-Z]+(\d+))?/g))
        for (let each = Number(from); each <= Number(to ?? from); each++) family.notGiven.push(each);
  });
  return { families, faults };
}

/** Numbers that are missing, double or out of order, and sentences that are said twice. */
function checkFamily({ name, line, promises, notGiven }: Family, said: Map<string, string>): string[] {
  const faults: string[] = [];
  const fault = (at: number, text: string): void => void faults.push(`${page}:${at}: ${text}`);
  if (promises.length === 0) fault(line, `${name} has no promise. Take the family out, or give it one.`);
  let before = 0;
  for (const { number, line: at, sentence } of promises) {
    const id = `${name}${number}`;
    if (number <= before) fault(at, `[${id}] comes after [${name}${before}]. A number stands once, and in order.`);
    for (let missing = before + 1; missing < number; missing++)
      if (!notGiven.includes(missing))
        fault(at, `${name}${missing} is missing. Renumber what is new, or list it below its family: \`Not given: ${name}${missing}.\``);
    if (notGiven.includes(number)) fault(at, `[${id}] is listed as not given. Numbers are not given again: take the family's next one.`);
    const twin = said.get(sentence);
    if (twin) fault(at, `[${id}] says the same as [${twin}]. Keep one, and name it in the tests of both.`);
    said.set(sentence, id);
    before = Math.max(before, number);
  }
  return faults;
}

/** Everything in which the page and the tests differ, each with its file, its line and what to do; nothing where they agree. */
export function compareSpec(spec: string, tests: readonly DeclaredTest[]): string[] {
  const { families, faults } = readSpec(spec);
  const said = new Map<string, string>();
  for (const family of families) faults.push(...checkFamily(family, said));

  const written = new Set(families.flatMap(({ name, promises }) => promises.map(({ number }) => `${name}${number}`)));
  const held = new Set(tests.flatMap(({ promises }) => promises));
  for (const { name, promises } of families)
    for (const { number, line } of promises)
      if (!held.has(`${name}${number}`))
        faults.push(
          `${page}:${line}: no test names [${name}${number}]. Begin the title of one that holds it with the number; if the promise is gone, list ${name}${number} under \`Not given\`.`,
        );
  for (const { file, line, title, promises } of tests) {
    if (promises.length === 0)
      faults.push(
        `${file}:${line}: ${title} names no promise. Begin the title with the number of the sentence in ${page} that it holds, as \`[LIVE3] …\`; if none says it yet, add one there under the next number of its family.`,
      );
    for (const promise of promises) {
      if (written.has(promise)) continue;
      const family = families.find(({ name }) => promise.replace(/\d+$/, "") === name);
      const place = family
        ? `below line ${family.promises.at(-1)?.line ?? family.line}`
        : "under a heading `### NAME: what it is about`, with a line that introduces the family";
      faults.push(
        `${file}:${line}: [${promise}] is not in ${page}. Add \`- **[${promise}]** What it promises, in one sentence.\` there, ${place}.`,
      );
    }
  }
  return faults;
}
