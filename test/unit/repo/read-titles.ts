/** Reads the titles of tests from their source. What is declared counts, not what runs: so no runtime is needed, and nothing is left out by a filter. */
import { parseAst } from "vitest/node";

/** A test as it is declared, with the promises that its title, or that of a `describe` around it, names. */
export interface DeclaredTest {
  file: string;
  line: number;
  /** The title as the source has it, quotes and all. */
  title: string;
  promises: string[];
}

interface Node {
  type: string;
  start: number;
  end: number;
}

const named = (value: unknown, key: string): unknown => (typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined);
const isNode = (value: unknown): value is Node => typeof named(value, "type") === "string" && typeof named(value, "start") === "number";
const children = (node: object): Node[] => Object.values(node).flat().filter(isNode);

/** The function behind `test.concurrent.each(rows)`: its name, and the last word of the chain. */
function readCallee(node: unknown): { name?: unknown; last?: unknown } {
  const type = named(node, "type");
  if (type === "Identifier") return { name: named(node, "name") };
  if (type === "MemberExpression") return { name: readCallee(named(node, "object")).name, last: named(named(node, "property"), "name") };
  if (type === "CallExpression") return { name: readCallee(named(node, "callee")).name };
  if (type === "TaggedTemplateExpression") return { name: readCallee(named(node, "tag")).name };
  return {};
}

/** Members that take rows or conditions and return the function that takes the title. */
const takeNoTitle: readonly unknown[] = ["each", "for", "skipIf", "runIf", "extend"];

/** `[LIVE3] [TASK2] …` begins with the promises LIVE3 and TASK2. */
export function readPromises(title: string): string[] {
  const [start = ""] = title.match(/^["'`]?(\[[A-Z]+\d+\]\s*)+/) ?? [];
  return start.match(/[A-Z]+\d+/g) ?? [];
}

/** Rows of a table whose titles begin with promises: in `${name}` or `$name` they are the test's. */
function readRows(program: Node, key: string): Node[] {
  const found: Node[] = [];
  const visit = (node: Node): void => {
    if (node.type === "ArrayExpression") {
      const values = children(node).flatMap((row) =>
        children(row)
          .filter((property) => named(named(property, "key"), "name") === key)
          .map((property) => named(property, "value"))
          .filter(isNode),
      );
      if (values.some((value) => readPromises(String(named(value, "value"))).length > 0)) found.push(...values);
    }
    for (const child of children(node)) visit(child);
  };
  visit(program);
  return found;
}

/** Every test that a file declares, in its order. A title that is all in its rows (`name: "[CRASH1] …"`) gives a test a row. */
export function readTests(file: string, source: string): DeclaredTest[] {
  const program = parseAst(source, { lang: "ts" });
  const lineOf = ({ start }: Node): number => source.slice(0, start).split("\n").length;
  const textOf = ({ start, end }: Node): string => source.slice(start, end);
  const found: DeclaredTest[] = [];

  const declare = (title: Node, around: string[]): void => {
    const text = textOf(title);
    const promises = [...around, ...readPromises(text)];
    const [, key] = text.match(/^["'`]\$\{?(\w+)/) ?? [];
    const rows = promises.length === 0 && key ? readRows(program, key) : [];
    if (rows.length === 0) found.push({ file, line: lineOf(title), title: text, promises });
    for (const row of rows) found.push({ file, line: lineOf(row), title: textOf(row), promises: readPromises(textOf(row)) });
  };

  const visit = (node: Node, around: string[]): void => {
    let inside = around;
    if (node.type === "CallExpression") {
      const { name, last } = readCallee(named(node, "callee"));
      const given = named(node, "arguments");
      const title: unknown = Array.isArray(given) && given.length > 1 ? given[0] : undefined;
      if (isNode(title) && !takeNoTitle.includes(last)) {
        if (name === "test" || name === "it") declare(title, around);
        if (name === "describe") inside = [...around, ...readPromises(textOf(title))];
      }
    }
    for (const child of children(node)) visit(child, inside);
  };
  visit(program, []);
  return found;
}
