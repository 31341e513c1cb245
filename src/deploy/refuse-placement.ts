/** Where the actors of a deployment live is chosen once: a Worker that says otherwise than its data is not uploaded, for it would serve nothing. */
import * as z from "zod";
import { findPlacementFault, findPlacementMismatch, readPlacement } from "../contract/placement.ts";
import { DeployError } from "./deploy-error.ts";
import type { WorkerConfig } from "./worker-config.ts";

/** What D1 is asked. */
export const placementQuery = "SELECT placement FROM placement";

/** What Wrangler prints of it. */
export const placementAnswer = z.array(z.looseObject({ results: z.array(z.looseObject({ placement: z.string() })) }));

/** What the order says itself; undefined: what the Worker has stays. */
export function readOrderedPlacement({ vars }: WorkerConfig): string | undefined {
  const said = vars?.["NERVEFLARE_PLACEMENT"];
  return said === undefined ? undefined : String(said);
}

/** @throws {DeployError} `bad_setting` where there is no such placement */
export function refuseUnknownPlacement(config: WorkerConfig): void {
  const fault = findPlacementFault(readOrderedPlacement(config));
  if (fault === undefined) return;
  const end = fault.lastIndexOf("Unset it");
  throw new DeployError("bad_setting", fault.slice(0, end).trim(), `${fault.slice(end)} Nothing was changed.`);
}

/** @param answer of {@link placementQuery} @throws {DeployError} `placement_differs` */
export function refuseOtherPlacement(config: WorkerConfig, answer: z.infer<typeof placementAnswer>): void {
  const kept = answer[0]?.results[0]?.placement;
  if (kept === undefined) return;
  if (findPlacementMismatch(readPlacement(kept), readPlacement(readOrderedPlacement(config))) === undefined) return;
  const move = kept === "cell" ? ", or move its actors to objects of their own first: docs/operations.md, “Placement”" : "";
  throw new DeployError(
    "placement_differs",
    `The data of ${config.name} are of the placement "${kept}", and the Worker would be of the other.`,
    `Deploy it with --var NERVEFLARE_PLACEMENT=${kept}${move}; or under another --name, which begins with a database of its own. The Worker was not uploaded.`,
  );
}
