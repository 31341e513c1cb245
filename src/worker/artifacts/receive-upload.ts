/**
 * Receives an artifact in parts of one size, each on disk before it counts, so that whoever was cut off goes on behind the last. Nothing is
 * held in memory; the hash is that of what R2 has in the end, read once more as a stream.
 */
import { artifactLimits } from "../../contract/artifact.ts";
import { emptyWaste } from "../../durable/artifacts/sweep-artifacts.ts";
import type { AppPorts } from "../app-ports.ts";
import { type ProblemError, problemError } from "../problem-error.ts";
import { dropUpload, finishUpload, notePart, readFinished, type UploadRow } from "./artifact-store.ts";

/** Where artifacts are kept. */
export type ArtifactPorts = NonNullable<AppPorts["artifacts"]>;

type Ports = Pick<AppPorts, "db" | "now" | "probeFolder" | "log"> & { artifacts: ArtifactPorts };

/**
 * Stores what comes, whole parts of it.
 * @returns the upload as it is then; what is less than a part and not the upload's end is not kept
 * @throws ProblemError `upload_offset` where another request stored something meanwhile, `malformed` where more comes than was announced
 */
export async function receiveParts(ports: Ports, upload: UploadRow, body: ReadableStream<Uint8Array> | null): Promise<UploadRow> {
  const chunks = createChunkReader(body);
  let stored = upload;
  try {
    while (stored.received < stored.size) {
      const length = Math.min(artifactLimits.partBytes, stored.size - stored.received);
      const tag = await storePart(ports, stored, length, chunks);
      if (tag === undefined) return stored;
      const next = {
        ...stored,
        received: stored.received + length,
        parts: [...stored.parts, tag],
        expiresAt: ports.now() + artifactLimits.keptMs,
      };
      if (!(await notePart(ports.db, stored, next)))
        throw problemError("upload_offset", "Another request stored a part of this upload meanwhile. Ask by HEAD where it goes on.");
      stored = next;
    }
    if ((await chunks.take(1)) !== undefined)
      throw problemError("malformed", `More came than the ${upload.size} bytes that were announced. Delete the upload and begin anew.`);
    return stored;
  } finally {
    chunks.cancel();
  }
}

/** @returns R2's tag; undefined where the body ended before the part was full */
async function storePart(
  { artifacts, ...ports }: Ports,
  upload: UploadRow,
  length: number,
  chunks: ChunkReader,
): Promise<string | undefined> {
  const first = await chunks.take(length);
  if (first === undefined) return undefined;
  const { readable, writable } = new FixedLengthStream(length);
  const writer = writable.getWriter();
  const { object, multipart, parts } = upload;
  const part = artifacts.bucket.resumeMultipartUpload(object, multipart).uploadPart(parts.length + 1, readable);
  // Whoever writes hears of its failure as well, and is to hear it from here alone.
  const stored = part.then(
    ({ etag }) => ({ etag }),
    (error: unknown) => ({ error }),
  );
  let left = length;
  try {
    for (let chunk: Uint8Array | undefined = first; chunk !== undefined; ) {
      await writer.write(chunk);
      left -= chunk.byteLength;
      chunk = left > 0 ? await chunks.take(left) : undefined;
    }
    if (left > 0) {
      await writer.abort(new Error("the body ended")).catch(() => {});
      await stored;
      return undefined;
    }
    await writer.close();
  } catch (error) {
    await writer.abort(error).catch(() => {});
  }
  const outcome = await stored;
  if ("etag" in outcome) return outcome.etag;
  throw await explainUnstored(ports, outcome.error);
}

/** A body, in pieces of at most so many bytes. */
interface ChunkReader {
  /** Undefined: it has ended, or broke off. */
  take(most: number): Promise<Uint8Array | undefined>;
  cancel(): void;
}

function createChunkReader(body: ReadableStream<Uint8Array> | null): ChunkReader {
  const reader = body?.getReader();
  let rest: Uint8Array | undefined;
  return {
    async take(most) {
      while (!rest?.byteLength) {
        // A line that is cut is a body that ends: what is stored by then counts.
        const read = await reader?.read().catch(() => undefined);
        if (!read || read.done) return undefined;
        rest = read.value;
      }
      const chunk = rest.subarray(0, most);
      rest = rest.subarray(chunk.byteLength);
      return chunk;
    },
    cancel: () => void reader?.cancel().catch(() => {}),
  };
}

/** What could not be stored: by a full disk, say, of which the process beside the runtime knows. */
async function explainUnstored({ probeFolder, log }: Pick<AppPorts, "probeFolder" | "log">, error: unknown): Promise<ProblemError> {
  log({ level: "error", at: "artifacts", message: String(error) });
  const fault = await probeFolder?.().catch(() => null);
  if (fault) return problemError("storage_full", `The part could not be stored: ${fault}`, { retryAfter: 60 });
  return problemError("unavailable", "The part could not be stored. Ask by HEAD where the upload goes on, and send the rest.", {
    retryAfter: 1,
  });
}

/**
 * Makes an artifact of an upload of which everything is there.
 * @returns its hash
 * @throws ProblemError `hash_mismatch`, after which nothing of it is kept; `not_found` where the upload is gone
 */
export async function completeUpload(ports: Ports, upload: UploadRow): Promise<string> {
  const { db, artifacts, now } = ports;
  const { bucket } = artifacts;
  await joinParts(ports, upload);
  const stored = await bucket.get(upload.object);
  if (stored === null) return hashElsewhere(db, upload);
  const digest = new crypto.DigestStream("SHA-256");
  await stored.body.pipeTo(digest);
  const hash = [...new Uint8Array(await digest.digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const isRight = (upload.hash ?? hash) === hash && stored.size === upload.size;
  if (!isRight) await dropUpload(db, upload);
  const isFinished = isRight && (await finishUpload(db, upload, hash, now()));
  // What was wrong, and what was there already: gone by the time that the caller hears of it, or with the next sweep.
  await emptyWaste(db, bucket).catch((error: unknown) => ports.log({ level: "error", at: "artifacts", message: String(error) }));
  if (!isRight)
    throw problemError(
      "hash_mismatch",
      `What was uploaded hashes to sha256:${hash}, not to sha256:${upload.hash}. It was deleted: upload it anew.`,
      {
        expected: `sha256:${upload.hash}`,
        actual: `sha256:${hash}`,
      },
    );
  return isFinished ? hash : hashElsewhere(db, upload);
}

/** Another request may have finished it meanwhile, as where a client that waited too long sends the end again. */
async function hashElsewhere(db: D1Database, { id, owner }: UploadRow): Promise<string> {
  const finished = await readFinished(db, id, owner);
  if (finished) return finished.hash;
  throw problemError("not_found", `The upload ${id} is gone.`);
}

/** R2 makes one object of the parts. A server that was killed behind that, or another request, may have done it already. */
async function joinParts({ artifacts: { bucket }, ...ports }: Ports, { object, multipart, parts, size }: UploadRow): Promise<void> {
  if (size === 0) return void (await bucket.put(object, new Uint8Array()));
  try {
    await bucket.resumeMultipartUpload(object, multipart).complete(parts.map((etag, index) => ({ partNumber: index + 1, etag })));
  } catch (error) {
    if ((await bucket.head(object)) === null) throw await explainUnstored(ports, error);
  }
}
