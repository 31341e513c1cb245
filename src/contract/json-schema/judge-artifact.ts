/** The place of an artifact: where a schema says `format: artifact`, a reference to one stands, whatever the other keywords ask of a value. */
import { artifactKey, isArtifactReference, judgeArtifactReference } from "../artifact.ts";
import type { Json } from "../event.ts";
import { spend } from "./count-work.ts";
import type { SchemaObject } from "./json-schema.ts";
import { type Manner, sortOf, tell } from "./manner.ts";

export const artifactFormat = "artifact";

/**
 * Whether a value may stand at an artifact's place: a reference, of the media type that `contentMediaType` says. Where `type` lists
 * another sort, a value of that sort may stand there too, so that what is small need not be uploaded.
 * @returns undefined: it is such a value, and the other keywords judge it
 */
export function judgeArtifact({ type, contentMediaType: media }: SchemaObject, value: Json, manner: Manner): boolean | undefined {
  spend(manner.judging.work, 10);
  if (!isArtifactReference(value)) {
    const sort = sortOf(value);
    const listed = Array.isArray(type) ? type : [type];
    if (sort !== "object" && listed.some((each) => each === sort || (each === "integer" && Number.isInteger(value)))) return undefined;
    return tell(manner, `must be an artifact, {"${artifactKey}": "sha256:…"}: upload it, and name it`);
  }
  const fault = judgeArtifactReference(value);
  if (fault !== undefined) return tell(manner, fault);
  const given = value["type"];
  if (typeof media !== "string" || typeof given !== "string" || isOf(given, media)) return true;
  return tell(manner, `must be an artifact of the type ${media}, not ${given}`);
}

/** `image/*` takes any image; parameters are not compared. */
function isOf(given: string, asked: string): boolean {
  const [type = "", wanted = ""] = [given, asked].map((each) => each.split(";")[0]?.trim().toLowerCase() ?? "");
  return type === wanted || (wanted.endsWith("/*") && type.startsWith(wanted.slice(0, -1)));
}
