/** What is wrong with an incoming hook's map, as a problem. */
import { checkMapping } from "../compile/check-mapping.ts";
import { locateDiagnostics } from "./check-publish.ts";
import { problemError } from "./problem-error.ts";

/** @throws ProblemError `malformed` with `diagnostics`, whose places are in the map */
export function requireMap(map: string): void {
  // What would only warn an author is a fault here: a name that is never there makes every delivery fail, or be ignored.
  const faults = checkMapping(map);
  const [first] = faults;
  if (!first) return;
  throw problemError("malformed", `The map has ${faults.length === 1 ? "an error" : `${faults.length} errors`}: ${first.message}`, {
    diagnostics: locateDiagnostics(map, faults),
  });
}
