/** Where the version stands beside `package.json`, which `src/version.ts` reads and the descriptions in `schemas/` are made of. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const extension = "editors/vscode/package.json";

/** Changes the version of a package.json and no other character. */
export function setManifestVersion(path: string, version: string): void {
  replaceIn(path, /^( {2}"version": )"[^"]*"/m, `$1"${version}"`);
}

/** Writes it where it has to follow: the lock file, which has it of both packages, the Python package and the extension of VS Code. */
export function followVersion(root: string, version: string): void {
  const lockFile = join(root, "package-lock.json");
  const lock = JSON.parse(readFileSync(lockFile, "utf8")) as { version: string; packages: { [path: string]: { version?: string } } };
  lock.version = version;
  for (const path of ["", "packages/agent"]) if (lock.packages[path]) lock.packages[path].version = version;
  writeFileSync(lockFile, `${JSON.stringify(lock, null, 2)}\n`);
  setManifestVersion(join(root, extension), version);
  replaceIn(join(root, "python/pyproject.toml"), /^version = "[^"]*"/m, `version = "${version}"`);
}

/** Every place that says it, by file. */
export function readVersions(root: string): { [place: string]: string | undefined } {
  const read = (path: string): string => readFileSync(join(root, path), "utf8");
  const parse = (path: string): { version?: string; info?: { version: string }; packages?: { [path: string]: { version?: string } } } =>
    JSON.parse(read(path)) as object;
  const lock = parse("package-lock.json");
  return {
    "package.json": parse("package.json").version,
    "packages/agent/package.json": parse("packages/agent/package.json").version,
    [extension]: parse(extension).version,
    "package-lock.json": lock.version,
    "package-lock.json, the root": lock.packages?.[""]?.version,
    "package-lock.json, packages/agent": lock.packages?.["packages/agent"]?.version,
    "python/pyproject.toml": /^version = "([^"]*)"/m.exec(read("python/pyproject.toml"))?.[1],
    "schemas/openapi.json": parse("schemas/openapi.json").info?.version,
    "schemas/asyncapi.json": parse("schemas/asyncapi.json").info?.version,
  };
}

function replaceIn(path: string, pattern: RegExp, by: string): void {
  const text = readFileSync(path, "utf8");
  if (!pattern.test(text)) throw new Error(`${path} has no version`);
  const changed = text.replace(pattern, by);
  if (changed !== text) writeFileSync(path, changed);
}
