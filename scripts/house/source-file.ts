/** A source file as the house's rules see it: what it imports, how long its functions are, what it does with storage. Reads the text alone. */
import { type Node, parseSync, type VariableDeclarator } from "oxc-parser";

export interface Import {
  /** As it is written: `./x.ts`, `zod`, `node:fs`. */
  specifier: string;
  line: number;
}

/** A function or class. */
export interface Unit {
  name: string;
  line: number;
  /** From its first line to its last, without the tests that it declares: each of those is a unit of its own. */
  lines: number;
}

export interface SourceFile {
  path: string;
  lines: number;
  imports: Import[];
  units: Unit[];
  /** Where it takes a Durable Object's storage: `ctx.storage`, `{ storage }`. */
  takesStorage: { line: number }[];
  /** Where it has SQL that writes. */
  writes: { line: number }[];
}

const declaresTests = new Set(["describe", "test", "it", "beforeEach", "afterEach", "beforeAll", "afterAll"]);
const writingSql = /^\s*(INSERT|UPDATE|DELETE|REPLACE|CREATE|DROP|ALTER)\b/;

/** @throws where the file does not parse */
export function readSourceFile(path: string, text: string): SourceFile {
  const parsed = parseSync(path, text);
  const [fault] = parsed.errors;
  if (fault) throw new Error(`${path} does not parse: ${fault.message}`);
  const lineAt = createLineFinder(text);
  const file: SourceFile = { path, lines: lineAt(text.trimEnd().length), imports: [], units: [], takesStorage: [], writes: [] };
  const note = (specifier: string, start: number) => file.imports.push({ specifier, line: lineAt(start) });
  const { staticImports, staticExports, dynamicImports } = parsed.module;
  for (const { moduleRequest, start } of staticImports) note(moduleRequest.value, start);
  for (const { entries, start } of staticExports)
    for (const specifier of new Set(entries.flatMap(({ moduleRequest }) => moduleRequest?.value ?? []))) note(specifier, start);
  for (const { moduleRequest, start } of dynamicImports) {
    const literal = /^["']([^"']+)["']$/.exec(text.slice(moduleRequest.start, moduleRequest.end));
    if (literal?.[1]) note(literal[1], start);
  }
  visit(parsed.program, undefined, file, lineAt);
  return file;
}

/** Notes what a node and all below it are. Returns how many of its lines belong to tests that are declared in it. */
function visit(node: Node, parent: Node | undefined, file: SourceFile, lineAt: (offset: number) => number): number {
  const line = lineAt(node.start);
  const spans = lineAt(node.end) - line + 1;
  let ofTests = 0;
  for (const child of listChildren(node)) ofTests += visit(child, node, file, lineAt);
  switch (node.type) {
    case "FunctionDeclaration":
    case "FunctionExpression":
    case "ArrowFunctionExpression":
    case "ClassDeclaration":
    case "ClassExpression":
      file.units.push({ name: nameUnit(node, parent), line, lines: spans - ofTests });
      break;
    case "CallExpression":
      if (declaresTests.has(findRootName(node.callee))) return spans;
      break;
    case "MemberExpression":
      if (!node.computed && node.property.type === "Identifier" && node.property.name === "storage") file.takesStorage.push({ line });
      break;
    case "Property":
      if (parent?.type === "ObjectPattern" && node.key.type === "Identifier" && node.key.name === "storage")
        file.takesStorage.push({ line });
      break;
    case "Literal":
      if (typeof node.value === "string" && writingSql.test(node.value)) file.writes.push({ line });
      break;
    case "TemplateLiteral":
      if (writingSql.test(node.quasis[0]?.value.raw ?? "")) file.writes.push({ line });
      break;
  }
  return ofTests;
}

function listChildren(node: Node): Node[] {
  return Object.values(node).flatMap((value: unknown) => (Array.isArray(value) ? value : [value]).filter(isNode));
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value && "start" in value;
}

/** `describe` of `describe.each([…])("…", …)`. */
function findRootName(node: Node): string {
  switch (node.type) {
    case "Identifier":
      return node.name;
    case "CallExpression":
      return findRootName(node.callee);
    case "MemberExpression":
      return findRootName(node.object);
    default:
      return "";
  }
}

function nameUnit(node: Node, parent: Node | undefined): string {
  if ("id" in node && node.id !== null && node.id?.type === "Identifier") return node.id.name;
  const named = parent as VariableDeclarator | { key?: Node } | undefined;
  const name = named && "key" in named ? named.key : named && "id" in named ? named.id : undefined;
  return name?.type === "Identifier" ? name.name : "a function";
}

function createLineFinder(text: string): (offset: number) => number {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return (offset) => {
    let [low, high] = [0, starts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] as number) <= offset) low = middle;
      else high = middle - 1;
    }
    return low + 1;
  };
}
