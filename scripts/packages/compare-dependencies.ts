/** What an install brings, beside what the built code imports: what is missing breaks it, what is too much is downloaded for nothing. Pure. */
import { isBuiltin } from "node:module";
import { readSourceFile } from "../house/source-file.ts";

/** Of a package.json. */
export interface Declared {
  name?: string;
  dependencies?: { [name: string]: string };
  peerDependencies?: { [name: string]: string };
}

/** A file of a package. */
export interface PackedFile {
  path: string;
  text: string;
}

/** @returns a line per fault */
export function compareDependencies(
  files: readonly PackedFile[],
  { name = "", dependencies = {}, peerDependencies = {} }: Declared,
): string[] {
  const declared = new Set(Object.keys({ ...dependencies, ...peerDependencies }));
  const imported = new Map<string, string>();
  for (const { path, text } of files)
    for (const { specifier } of readSourceFile(path, text).imports)
      if (isPackage(specifier)) imported.set(/^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier, path);
  return [
    ...[...imported]
      .filter(([of]) => of !== name && !declared.has(of))
      .map(([of, path]) => `${path} imports ${of}, which an install does not bring`),
    ...[...declared].filter((of) => !imported.has(of)).map((of) => `an install brings ${of}, which nothing imports`),
  ];
}

/** Neither a file, nor the platform's own. */
function isPackage(specifier: string): boolean {
  return !specifier.startsWith(".") && !specifier.startsWith("cloudflare:") && !isBuiltin(specifier);
}
