/** Artifacts that a value names, as links to them. */
import {
  artifactLimits,
  isArtifactId,
  isArtifactName,
  listArtifactReferences,
  pathOfArtifact,
  renderBytes,
} from "../../contract/artifact.ts";

export interface ArtifactLink {
  href: string;
  /** Its name and size, as far as the reference says. */
  label: string;
}

/** Each once. What is no reference, whatever it calls itself, is none. */
export function listArtifactLinks(value: unknown): ArtifactLink[] {
  const links = new Map<string, ArtifactLink>();
  for (const { $artifact: id, name, size } of listArtifactReferences(value)) {
    if (!isArtifactId(id) || links.has(id) || links.size >= artifactLimits.perEvent) continue;
    const called = typeof name === "string" && isArtifactName(name) ? name : "artifact";
    links.set(id, { href: pathOfArtifact(id), label: typeof size === "number" ? `${called} (${renderBytes(size)})` : called });
  }
  return [...links.values()];
}
