/** What those find who carry it on: dependencies with their reasons, settings that agree with one another, GitHub's files. */
import { existsSync, globSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";

const read = (path: string): string => readFileSync(path, "utf8");

interface Manifest {
  engines: { node: string };
  scripts: { [name: string]: string };
  dependencies?: { [name: string]: string };
  devDependencies?: { [name: string]: string };
  optionalDependencies?: { [name: string]: string };
  peerDependencies?: { [name: string]: string };
}

const manifest = JSON.parse(read("package.json")) as Manifest;

/** Rows of a section's table, by the first column. */
function readTable(section: string): Map<string, string[]> {
  const text =
    read("docs/dependencies.md")
      .split(/^## /m)
      .find((part) => part.startsWith(section)) ?? "";
  const rows = [...text.matchAll(/^\| `([^`]+)` \|(.*)\|$/gm)];
  return new Map(rows.map(([, name = "", rest = ""]) => [name, rest.split("|").map((cell) => cell.trim())]));
}

const shipped = readTable("What an install brings");
const forClones = readTable("What a clone brings");

test("[CARE1] each dependency of both packages has its row in docs/dependencies.md with why, and nothing else has", () => {
  const agent = JSON.parse(read("packages/agent/package.json")) as Manifest;
  const named = (...groups: ({ [name: string]: string } | undefined)[]): string[] =>
    [...new Set(groups.flatMap((group) => Object.keys(group ?? {})))].sort();
  const ofBoth = [manifest, agent].flatMap(({ dependencies, optionalDependencies, peerDependencies }) => [
    dependencies,
    optionalDependencies,
    peerDependencies,
  ]);
  expect([...shipped.keys()].sort()).toEqual(named(...ofBoth));
  expect([...forClones.keys()].sort()).toEqual(named(manifest.devDependencies, agent.devDependencies));
  for (const [name, [, why = ""]] of [...shipped, ...forClones]) expect(why.length, name).toBeGreaterThan(20);
});

test("[CARE1] what it says a shipped package costs is about what it costs", () => {
  for (const [name, [said]] of shipped) {
    const actual = measure(join("node_modules", name)) / 1e6;
    expect(Math.abs(Number(said) - actual), `${name}: ${actual.toFixed(1)} MB`).toBeLessThan(0.1 + actual * 0.3);
  }
});

function measure(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
}

test("[CARE2] editors are told what the formatter does", () => {
  const { formatter } = JSON.parse(read("biome.json")) as {
    formatter: { lineWidth: number; indentStyle: string; indentWidth: number; lineEnding?: string };
  };
  const all = /^\[\*\]\n((?:.+\n)+)/m.exec(read(".editorconfig"))?.[1] ?? "";
  const said = Object.fromEntries([...all.matchAll(/^(\w+) = (.+)$/gm)].map(([, key = "", value]) => [key, value]));
  expect(said).toMatchObject({
    indent_style: formatter.indentStyle,
    indent_size: String(formatter.indentWidth),
    max_line_length: String(formatter.lineWidth),
    end_of_line: formatter.lineEnding ?? "lf",
    insert_final_newline: "true",
  });
});

test("[CARE2] the Node that .nvmrc names is the one that the packages bring, and not too old for them", () => {
  const major = Number(read(".nvmrc"));
  expect(manifest.devDependencies?.["node"]).toMatch(new RegExp(`^\\^${major}\\.`));
  expect(major).toBeGreaterThanOrEqual(Number(/\d+/.exec(manifest.engines.node)?.[0]));
});

interface Workflow {
  permissions: object;
  jobs: {
    [name: string]: {
      "timeout-minutes"?: number;
      strategy?: { matrix: { node: number[] } };
      steps: { uses?: string; run?: string; with?: { [option: string]: unknown } }[];
    };
  };
}

test("[CARE3] GitHub checks, tests and packs by the scripts of the repository, with little rights and bounded time", () => {
  const { permissions, jobs } = parse(read(".github/workflows/ci.yml")) as Workflow;
  expect(permissions).toEqual({ contents: "read" });
  expect(Object.keys(jobs)).toEqual(["check", "test", "pack"]);
  const steps = Object.values(jobs).flatMap((job) => job.steps);
  for (const { uses } of steps) if (uses) expect(uses).toMatch(/^actions\/[\w-]+@v\d+$/);
  for (const { run = "" } of steps)
    for (const [, script = ""] of run.matchAll(/npm run ([\w:-]+)/g)) expect(Object.keys(manifest.scripts)).toContain(script);
  for (const [name, job] of Object.entries(jobs)) expect(job["timeout-minutes"], name).toBeLessThanOrEqual(45);
  expect(jobs["test"]?.strategy?.matrix.node).toEqual([20, 24]);
  expect(jobs["test"]?.steps.map(({ run }) => run)).toContain(".ci/run");
  expect(statSync(".ci/run").mode & 0o100, "may be run").toBeTruthy();
  expect(jobs["check"]?.steps.map(({ run }) => run)).toContain("npm run check");
  for (const { uses = "", with: options } of steps)
    if (uses.startsWith("actions/setup-node")) expect(options).toMatchObject({ cache: "npm" });
});

test("[CARE3] what is kept up to date by itself is there, and packages that must move together do", () => {
  interface Update {
    "package-ecosystem": string;
    directory: string;
    groups?: { [name: string]: { patterns?: string[] } };
  }
  const { updates } = parse(read(".github/dependabot.yml")) as { updates: Update[] };
  expect(updates.map((update) => update["package-ecosystem"])).toEqual(["npm", "pip", "github-actions"]);
  for (const { directory } of updates) expect(existsSync(`.${directory}`)).toBe(true);
  const together = updates[0]?.groups?.["workers"]?.patterns ?? [];
  for (const pattern of together.filter((name) => !name.includes("*")))
    expect(Object.keys({ ...manifest.dependencies, ...manifest.devDependencies })).toContain(pattern);
});

interface Field {
  type: string;
  id?: string;
  attributes: { label?: string; value?: string; options?: string[]; description?: string };
}

test("[CARE3] each form for issues asks for the version, or for no machine's facts, by commands that there are", () => {
  const forms = globSync(".github/ISSUE_TEMPLATE/*.yml").filter((path) => !path.endsWith("config.yml"));
  expect(forms.map((path) => path.replace(/.*\//, "")).sort()).toEqual(["bug.yml", "feature.yml", "question.yml"]);
  const commands = new Set(readdirSync("src/cli/commands").map((name) => name.replace(/\.ts$/, "")));
  for (const path of forms) {
    const { name, description, body } = parse(read(path)) as { name: string; description: string; body: Field[] };
    expect([name, description].every((text) => text.length > 0)).toBe(true);
    const asked = body.filter(({ type }) => type !== "markdown");
    for (const { type, id, attributes } of asked) {
      expect(["textarea", "input", "dropdown", "checkboxes"]).toContain(type);
      expect(id).toMatch(/^[\w-]+$/);
      expect(attributes.label?.length).toBeGreaterThan(0);
      if (type === "dropdown") expect(new Set(attributes.options).size).toBe(attributes.options?.length);
    }
    expect(new Set(asked.map(({ id }) => id)).size).toBe(asked.length);
    for (const [, command = ""] of read(path).matchAll(/npx nerveflare ([a-z][\w-]*)/g)) expect(commands).toContain(command);
    if (!path.endsWith("feature.yml")) expect(read(path)).toContain("npx nerveflare --version");
  }
  expect(read(".github/ISSUE_TEMPLATE/bug.yml")).toContain("npx nerveflare doctor");
});

test("[CARE4] whoever finds a hole is told a way that is private, by no address that nobody reads", () => {
  const page = read("SECURITY.md");
  expect(page).toContain("Report a vulnerability");
  expect(page).not.toMatch(/\S+@\S+\.\w+/);
  for (const [, path = ""] of page.matchAll(/\]\(([^)]+)\)/g)) expect(existsSync(path), path).toBe(true);
});
