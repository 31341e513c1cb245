/** What somebody names by `$artifact`, looked up: each reference gets the server's facts, or there is a problem. */
import {
  artifactLimits,
  isArtifactReference,
  judgeArtifactReference,
  listArtifactReferences,
  replaceArtifactReferences,
} from "../../contract/artifact.ts";
import type { Json } from "../../contract/event.ts";
import { type Result, refuse, succeed } from "../../contract/problem.ts";
import { type ArtifactFacts, makeReference, readHash } from "./artifact-book.ts";

/** A value whose references bear the server's facts. */
export interface CompleteReferences {
  data: Json;
  /** Of each artifact that it names. */
  facts: ArtifactFacts[];
}

/**
 * @param find what is known of those that the sender may name
 * @returns `artifact_unknown` where one is not there or not the sender's to name, `malformed` where it is no reference
 */
export async function completeReferences(
  data: Json,
  find: (hashes: readonly string[]) => Promise<Map<string, ArtifactFacts>>,
): Promise<Result<CompleteReferences>> {
  const references = listArtifactReferences(data);
  if (references.length === 0) return succeed({ data, facts: [] });
  if (references.length > artifactLimits.perEvent)
    return refuse("malformed", `An event names at most ${artifactLimits.perEvent} artifacts; this one names ${references.length}.`, {
      limit: artifactLimits.perEvent,
    });
  const fault = references.map(judgeArtifactReference).find((each) => each !== undefined);
  if (fault !== undefined) return refuse("malformed", `A reference to an artifact does not fit: ${fault}.`);
  const ids = [...new Set(references.map(({ $artifact: id }) => String(id)))];
  const found = await find(ids.map(readHash));
  const unknown = ids.filter((id) => !found.has(readHash(id)));
  if (unknown.length > 0)
    return refuse(
      "artifact_unknown",
      `There ${unknown.length === 1 ? "is no artifact" : "are no artifacts"} ${unknown.slice(0, 3).join(", ")} that you may name: upload it in full, then send the event again under a new id.`,
      { artifacts: unknown },
    );
  const wrong = references.find(({ $artifact: id, size }) => size !== undefined && size !== found.get(readHash(String(id)))?.size);
  if (wrong)
    return refuse(
      "malformed",
      `The artifact ${String(wrong["$artifact"])} has ${found.get(readHash(String(wrong["$artifact"])))?.size} bytes, not ${String(wrong["size"])}.`,
    );
  const complete = replaceArtifactReferences(data, (reference) => {
    const facts = isArtifactReference(reference) ? found.get(readHash(String(reference["$artifact"]))) : undefined;
    return facts ? { ...makeReference(facts) } : reference;
  });
  return succeed({ data: complete, facts: [...found.values()] });
}
