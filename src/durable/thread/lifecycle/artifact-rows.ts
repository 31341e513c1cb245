/** Which artifacts a thread gets to refer to by what another gives it: rows for the index. */
import { isArtifactId, listArtifactReferences, mayReferToArtifacts } from "../../../contract/artifact.ts";
import type { ProjectionRow } from "../../protocol/projector.ts";

/**
 * @param from the thread that gives it; it refers to them itself
 * @returns none where nothing is named
 */
export function describeReferences(thread: string, from: string, given: unknown): ProjectionRow[] {
  if (!mayReferToArtifacts(JSON.stringify(given) ?? "")) return [];
  const ids = listArtifactReferences(given).flatMap(({ $artifact: id }) => (isArtifactId(id) ? [id.slice("sha256:".length)] : []));
  return ids.length ? [{ table: "artifact", thread, from, hashes: [...new Set(ids)] }] : [];
}

/** The thread whose event it is; undefined: it is an agent's or an operator's. */
export function readSourceThread(source: string): string | undefined {
  return /^\/threads\/(t[a-z2-7]{25})$/.exec(source)?.[1];
}
