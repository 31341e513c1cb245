/**
 * The folder that a program has for artifacts: what its turn names is fetched into it before the program runs, and a file in it that the
 * output names by `{"$artifact": "name"}` is uploaded. It goes with the turn.
 */
import { createHash } from "node:crypto";
import { createReadStream, openAsBlob } from "node:fs";
import { mkdir, mkdtemp, open, realpath, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, sep } from "node:path";
import type { Artifacts } from "../client/artifacts.ts";
import { TurnFailure, type TurnOutput } from "../client/handlers.ts";
import {
  artifactKey,
  artifactLimits,
  isArtifactId,
  isArtifactName,
  listArtifactReferences,
  replaceArtifactReferences,
} from "../contract/artifact.ts";
import type { Json } from "../contract/event.ts";
import type { TurnAssigned } from "../contract/kinds/turn.ts";

/** A folder for one turn. */
export interface ArtifactFolder {
  path: string;
  /** Where what the turn names lies, by its id: `NERVEFLARE_ARTIFACTS_IN` has it as JSON. */
  files: { [id: string]: string };
  /** The output with what it names of the folder uploaded. @throws TurnFailure where there is no such file */
  upload(output: TurnOutput, signal: AbortSignal): Promise<TurnOutput>;
  remove(): Promise<void>;
}

/** @throws ClientError where something cannot be fetched */
export async function openArtifactFolder(turn: TurnAssigned, artifacts: Artifacts, signal: AbortSignal): Promise<ArtifactFolder> {
  // What the system says of links in the way to it is no way out of it.
  const path = await realpath(await mkdtemp(join(tmpdir(), "nerveflare-artifacts-")));
  const files: ArtifactFolder["files"] = {};
  try {
    const references = listArtifactReferences(turn).filter(({ $artifact: id }) => isArtifactId(id));
    for (const { $artifact: given, name, size } of references.slice(0, artifactLimits.perEvent)) {
      const id = String(given);
      if (files[id] !== undefined) continue;
      const folder = join(path, "in", id.slice("sha256:".length, "sha256:".length + 12));
      await mkdir(folder, { recursive: true });
      const file = join(folder, typeof name === "string" && isArtifactName(name) ? name : "artifact");
      await fetchTo(file, { $artifact: id, size: typeof size === "number" ? size : undefined }, artifacts, signal);
      files[id] = file;
    }
  } catch (error) {
    await rm(path, { recursive: true, force: true });
    throw error;
  }
  return {
    path,
    files,
    async upload(output, signal) {
      const uploaded = new Map<string, Json>();
      const named = listArtifactReferences(output).filter(({ $artifact: id }) => typeof id === "string" && !isArtifactId(id));
      for (const { $artifact: file, type, name } of named.slice(0, artifactLimits.perEvent)) {
        if (uploaded.has(String(file))) continue;
        uploaded.set(String(file), await putFile(path, String(file), { type, name }, artifacts, signal));
      }
      return replaceArtifactReferences(
        output as Json,
        (reference) => uploaded.get(String(reference[artifactKey])) ?? reference,
      ) as TurnOutput;
    },
    remove: () => rm(path, { recursive: true, force: true }),
  };
}

/** Writes it piece by piece. @throws Error where it is not what its hash says */
export async function fetchTo(
  file: string,
  artifact: { $artifact: string; size?: number | undefined },
  artifacts: Artifacts,
  signal?: AbortSignal,
): Promise<void> {
  const hash = createHash("sha256");
  const target = await open(file, "w", 0o600);
  try {
    for await (const piece of artifacts.read(artifact, signal)) {
      hash.update(piece);
      await target.write(piece);
    }
  } finally {
    await target.close();
  }
  const actual = `sha256:${hash.digest("hex")}`;
  if (actual === artifact.$artifact) return;
  await rm(file, { force: true });
  throw new TurnFailure(`What was fetched of ${artifact.$artifact} hashes to ${actual}.`, { retryable: true });
}

async function putFile(
  folder: string,
  name: string,
  facts: { type: Json | undefined; name: Json | undefined },
  artifacts: Artifacts,
  signal: AbortSignal,
): Promise<Json> {
  const path = await realpath(join(folder, name)).catch(() => undefined);
  // A link may lead anywhere: what a program prints must not bring the machine's files to others.
  if (path === undefined || !path.startsWith(folder + sep) || !(await stat(path)).isFile())
    throw new TurnFailure(`The output names ${JSON.stringify(name)}, and there is no such file in NERVEFLARE_ARTIFACTS.`);
  const blob = await openAsBlob(path);
  return {
    ...(await artifacts.put(blob, {
      sha256: await hashFile(path),
      name: typeof facts.name === "string" ? facts.name : path.split(sep).at(-1),
      type: typeof facts.type === "string" ? facts.type : guessType(path),
      signal,
    })),
  };
}

export async function hashFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of createReadStream(path) as AsyncIterable<Buffer>) hash.update(piece);
  return hash.digest("hex");
}

const types: { readonly [ending: string]: string } = {
  ...{ txt: "text/plain", md: "text/markdown", csv: "text/csv", html: "text/html", json: "application/json", xml: "application/xml" },
  ...{ pdf: "application/pdf", png: "image/png", jpg: "image/jpeg", jpeg: "image/jpeg", gif: "image/gif", svg: "image/svg+xml" },
  ...{ zip: "application/zip", gz: "application/gzip", tar: "application/x-tar", diff: "text/x-diff", patch: "text/x-diff" },
};

/** By the name's ending. */
export function guessType(path: string): string {
  return types[/\.([a-z0-9]+)$/i.exec(path)?.[1]?.toLowerCase() ?? ""] ?? "application/octet-stream";
}
