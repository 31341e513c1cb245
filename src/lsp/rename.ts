/** Renames roles and conditions at every place that names them. */
import { isRoleName } from "../compile/check/check-roles.ts";
import type { Span } from "../compile/source/span.ts";
import { type Analysis, findOccurrence, listSame } from "./analysis.ts";
import type { Occurrence } from "./find-occurrences.ts";

/** Why a name can't be had; shown to the author. */
export class RenameRefusal extends Error {}

/** What would be renamed at an offset. Statuses are not: agents answer with them. */
export function findRenamed(analysis: Analysis, offset: number): Occurrence | undefined {
  const found = findOccurrence(analysis, offset);
  return found && found.kind !== "status" ? found : undefined;
}

/**
 * The edits that rename what is at an offset; undefined where there is nothing to rename.
 * @throws {RenameRefusal} for a name that is none, or is taken
 */
export function renameTo(analysis: Analysis, offset: number, name: string): { span: Span; text: string }[] | undefined {
  const found = findRenamed(analysis, offset);
  const { outline } = analysis;
  if (found === undefined || outline === undefined) return undefined;
  if (name === found.name) return [];
  const taken = found.kind === "role" ? outline.roles.has(name) : outline.conditions.has(name);
  if (taken) throw new RenameRefusal(`There is a ${found.kind} \`${name}\` already.`);
  const usable = found.kind === "role" ? isRoleName(name) : /^[\p{L}_][\p{L}\p{M}\p{N}_-]*$/u.test(name);
  if (!usable || /^(?:null|true|false)$/i.test(name))
    throw new RenameRefusal(`\`${name}\` can not name a ${found.kind}: letters, digits, \`_\` and \`-\`.`);
  return listSame(analysis, found).map(({ span }) => ({ span, text: name }));
}
