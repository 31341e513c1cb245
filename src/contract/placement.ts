/** What NERVEFLARE_PLACEMENT may say: where a deployment's actors live. */

/** `own`: each recruitment, task, workflow and agent in an object of its own. `cell`: all of a deployment in one object. */
export const placements = ["own", "cell"] as const;
export type Placement = (typeof placements)[number];

const isPlacement = (text: string): text is Placement => (placements as readonly string[]).includes(text);

/** The placement of a setting; what {@link findPlacementFault} complains of is `own`. */
export function readPlacement(text: string | undefined): Placement {
  return text !== undefined && isPlacement(text) ? text : "own";
}

/** What is wrong with the setting, and what to do; undefined: it is not set, or says what there is. */
export function findPlacementFault(text: string | undefined): string | undefined {
  if (text === undefined || text === "" || isPlacement(text)) return undefined;
  return `NERVEFLARE_PLACEMENT is ${JSON.stringify(text)}, and it takes "own" (each actor in an object of its own, the default) or "cell" (all in one object). Unset it, or set it to one of them.`;
}

/** Why a server of one placement does not serve the data of the other, and the two ways out; undefined: they are of the same. */
export function findPlacementMismatch(kept: Placement, setting: Placement): string | undefined {
  if (kept === setting) return undefined;
  const data = `These data are of the placement "${kept}", and NERVEFLARE_PLACEMENT ${setting === "own" ? "is not set, or" : "is"} "${setting}".`;
  const asIs = `Start it with NERVEFLARE_PLACEMENT=${kept}`;
  if (kept === "cell")
    return `${data} ${asIs}, or move its actors to objects of their own: in place with \`nerveflare placement own\`, or a backup with \`nerveflare restore --placement own\`. See docs/operations.md, "Placement".`;
  return `${data} ${asIs}; a cell begins with a data folder, or a deployment, of its own.`;
}
