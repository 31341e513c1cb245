/** Checks files, each by itself and all of them together. */
import { sortDiagnostics } from "../../../compile/diagnostics/diagnostic.ts";
import type { Known } from "../../../compile/together/known.ts";
import type { Member } from "../../../compile/together/member.ts";
import { type CheckedFile, checkSource } from "./check-file.ts";
import { checkLimits } from "./limits.ts";
import type { FoundFile } from "./list-files.ts";
import { readSource } from "./read-source.ts";

/** What a server adds to the files: its own workflows, and what its agents hear and send. */
export interface Beyond {
  members: readonly Member[];
  known: Known;
}

/**
 * Checks files one after another.
 * @param check for a file that has to be changed on the way; by default it is read and checked
 * @param tell is told now and then how many are done
 */
export async function checkFiles(
  files: readonly FoundFile[],
  tell: (line: string) => void,
  check: (file: FoundFile) => Promise<CheckedFile> = checkFound,
): Promise<CheckedFile[]> {
  const checked: CheckedFile[] = [];
  let told = Date.now();
  for (const file of files) {
    checked.push(await check(file));
    if (Date.now() - told < checkLimits.progressEvery) continue;
    told = Date.now();
    tell(`checked ${checked.length} of ${files.length} files`);
  }
  return checked;
}

async function checkFound({ path, source }: FoundFile): Promise<CheckedFile> {
  return checkSource(path, source ?? (await readSource(path)));
}

/** Adds what is to be said of the files together. */
export async function addTogether(checked: readonly CheckedFile[], beyond?: Beyond): Promise<CheckedFile[]> {
  const own = checked.flatMap(({ member }) => (member ? [member] : []));
  if (own.length + (beyond?.members.length ?? 0) < 2 && !beyond) return [...checked];
  // A file by itself is checked at every save: it loads nothing of this.
  const { checkTogether } = await import("../../../compile/together/check-together.ts");
  const names = new Set(own.map(({ name }) => name?.value));
  // What is published takes no part where a file is about to take its place.
  const others = (beyond?.members ?? []).filter(({ name }) => !names.has(name?.value));
  const found = checkTogether([...own, ...others], beyond?.known);
  const byMember = new Map(own.map((member, index) => [member, found[index] ?? []]));
  return checked.map((file) => {
    const added = file.member ? (byMember.get(file.member) ?? []) : [];
    return added.length === 0 ? file : { ...file, diagnostics: sortDiagnostics([...file.diagnostics, ...added]) };
  });
}
