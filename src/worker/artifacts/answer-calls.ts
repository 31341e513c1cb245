/** What the routes of artifacts answer: who may read and name what, and uploads step by step. */
import { artifactLimits, pathOfArtifact } from "../../contract/artifact.ts";
import { type ArtifactFacts, makeReference, nameArtifact, readHash } from "../../durable/artifacts/artifact-book.ts";
import { sweepArtifacts } from "../../durable/artifacts/sweep-artifacts.ts";
import type { AppPorts } from "../app-ports.ts";
import { problemError } from "../problem-error.ts";
import {
  addUpload,
  dropUpload,
  findShared,
  listArtifacts,
  readFinished,
  readUpload as readUploadRow,
  requireRoom,
  type SharedArtifact,
  type UploadRow,
} from "./artifact-store.ts";
import { type ArtifactPorts, completeUpload, receiveParts } from "./receive-upload.ts";
import { serveArtifact } from "./serve-artifact.ts";
import { readComplete, readDigest, readName, readNumber, readType } from "./upload-headers.ts";

/** One call, of somebody who is proven. */
export interface Call {
  request: Request;
  /** An agent's id; null: an operator. */
  viewer: string | null;
  /** An agent's id, or `operators/<name>`. */
  owner: string;
  ports: AppPorts & { artifacts: ArtifactPorts };
}

const rooms = {
  /** Threads that are asked whether the caller takes part, where the index does not know of it (yet). */
  asked: 8,
  /** Milliseconds between two sweeps that creating uploads makes, beside those of retention. */
  sweep: 3_600_000,
} as const;

/** When this isolate last swept. */
const swept = new WeakMap<D1Database, number>();

/** `POST /v1/artifacts`: the whole, or an upload to go on with. @throws ProblemError */
async function createUpload({ request, owner, ports }: Call): Promise<Response> {
  const { headers, body } = request;
  const [isWhole, length] = [readComplete(headers, true), readNumber(headers, "content-length")];
  const size = readNumber(headers, "upload-length") ?? (isWhole ? length : undefined);
  const given = { hash: readDigest(headers), type: readType(headers), name: readName(headers) };
  if (size === undefined)
    throw problemError(
      "malformed",
      "Say how many bytes the artifact has: by `Upload-Length`, or by `Content-Length` where the body is the whole.",
    );
  if (size > artifactLimits.bytes)
    throw problemError("too_large", `An artifact has at most ${artifactLimits.bytes} bytes; this one has ${size}.`, {
      limit: artifactLimits.bytes,
    });
  if (isWhole && length !== undefined && length !== size)
    throw problemError("malformed", `The body has ${length} bytes, and the artifact is to have ${size}.`);
  refuseLargeBody(headers);
  await sweepNow(ports);
  await requireRoom(ports.db, owner, size, ports.artifacts.total);
  const id = crypto.randomUUID();
  const object = `artifacts/${id}`;
  const { uploadId: multipart } = await ports.artifacts.bucket.createMultipartUpload(object);
  const expiresAt = ports.now() + artifactLimits.keptMs;
  const upload: UploadRow = { id, owner, object, multipart, size, ...given, received: 0, parts: [], expiresAt };
  await addUpload(ports.db, upload);
  const location = `/v1/uploads/${id}`;
  // Without its end nobody could go on with it: whoever sent it does not know where.
  if (isWhole) return goOn(ports, upload, { body, isLast: true, location, status: 201 });
  const stored = await receiveParts(ports, upload, body);
  return answerProgress(stored, 201, { location });
}

/** `HEAD /v1/uploads/…`: how far it has come. @throws ProblemError `not_found` */
async function showUpload(call: Call, id: string): Promise<Response> {
  const finished = await readFinished(call.ports.db, id, call.owner);
  if (finished) return new Response(null, { status: 204, headers: headEnd(finished) });
  return answerProgress(await findUpload(call, id), 204);
}

/** `PATCH /v1/uploads/…`: more of it. @throws ProblemError */
async function append(call: Call, id: string): Promise<Response> {
  const { headers, body } = call.request;
  const [offset, isLast] = [readNumber(headers, "upload-offset"), readComplete(headers, false)];
  if (offset === undefined) throw problemError("malformed", "Say by `Upload-Offset` where the bytes belong.");
  // It is sent again where the answer to its end was lost.
  const finished = await readFinished(call.ports.db, id, call.owner);
  if (finished) return answerEnd(finished, 200);
  const upload = await findUpload(call, id);
  if (offset !== upload.received)
    throw problemError("upload_offset", `The upload goes on at ${upload.received}, not at ${offset}.`, {
      offset: upload.received,
      given: offset,
    });
  refuseLargeBody(headers);
  const length = readNumber(headers, "content-length") ?? 0;
  if (upload.received + length > upload.size)
    throw problemError("malformed", `The artifact has ${upload.size} bytes; ${length} from ${upload.received} are more.`);
  return goOn(call.ports, upload, { body, isLast, status: 200 });
}

/** `DELETE /v1/uploads/…`. @throws ProblemError `not_found` */
async function cancel(call: Call, id: string): Promise<void> {
  const { ports } = call;
  await dropUpload(ports.db, await findUpload(call, id));
  await sweepArtifacts(ports.db, ports.artifacts.bucket, ports.now());
}

/** `GET /v1/artifacts/…`. @throws ProblemError `not_found`, also where the caller may not read it */
async function serve(call: Call, id: string): Promise<Response> {
  const range = call.request.headers.get("range");
  const { found } = await findReadable(call, id);
  return serveArtifact(call.request, range, call.ports.artifacts.bucket, found);
}

/** `GET /v1/artifacts/…/facts`. @throws ProblemError `not_found` */
async function show(call: Call, id: string) {
  const { found, own } = await findReadable(call, id);
  return { ...makeReference(found), createdAt: new Date(found.createdAt).toISOString(), threads: own };
}

/** `GET /v1/artifacts`: of a thread, or what the caller brought. @throws ProblemError `not_found` */
async function list(call: Call, { thread, after, limit }: { thread?: string | undefined; after?: string | undefined; limit: number }) {
  const { viewer, owner, ports } = call;
  if (thread !== undefined && viewer !== null && !(await ports.thread(thread).show(viewer)).ok)
    throw problemError("not_found", `There is no thread ${thread}.`);
  const of = thread !== undefined ? { thread } : viewer === null ? { all: true as const } : { owner };
  const page = await listArtifacts(ports.db, of, { after, limit });
  const artifacts = page.artifacts.map(({ at, thread, ...facts }) => ({ ...makeReference(facts), thread, at: new Date(at).toISOString() }));
  return { artifacts, next: page.next };
}

/** Stores what comes, and makes an artifact of it where that is the end. */
async function goOn(
  ports: Call["ports"],
  upload: UploadRow,
  { body, isLast, status, location }: { body: ReadableStream<Uint8Array> | null; isLast: boolean; status: 200 | 201; location?: string },
): Promise<Response> {
  const stored = await receiveParts(ports, upload, body);
  const isWhole = stored.received === stored.size;
  if (!isLast) return answerProgress(stored, 204);
  if (!isWhole) {
    // Whoever cannot find it again has it dropped at once.
    if (location !== undefined) await dropUpload(ports.db, stored);
    throw problemError(
      "upload_offset",
      location === undefined
        ? `Of ${stored.size} bytes ${stored.received} are stored. Send the rest from there.`
        : `The body broke off: ${stored.size} bytes were announced. Send it again, or in parts: \`Upload-Complete: ?0\`.`,
      { offset: location === undefined ? stored.received : 0 },
    );
  }
  return answerEnd({ ...stored, hash: await completeUpload(ports, stored) }, status);
}

/** The upload has become an artifact. */
function answerEnd(facts: ArtifactFacts, status: 200 | 201): Response {
  return Response.json(makeReference(facts), { status, headers: headEnd(facts) });
}

function headEnd({ hash, size }: ArtifactFacts): Record<string, string> {
  return { location: pathOfArtifact(nameArtifact(hash)), "upload-complete": "?1", "upload-offset": String(size) };
}

function answerProgress({ received, size, expiresAt }: UploadRow, status: 201 | 204, more: Record<string, string> = {}): Response {
  const { bytes, partBytes, appendBytes } = artifactLimits;
  return new Response(null, {
    status,
    headers: {
      ...more,
      "upload-offset": String(received),
      // What is there in full and was not finished is finished by an empty append that says it is the last.
      "upload-complete": "?0",
      "upload-length": String(size),
      "upload-limit": `max-size=${bytes}, min-append-size=${partBytes}, max-append-size=${appendBytes}`,
      expires: new Date(expiresAt).toUTCString(),
    },
  });
}

/** @throws ProblemError `too_large` */
function refuseLargeBody(headers: Headers): void {
  const length = readNumber(headers, "content-length");
  const most = artifactLimits.appendBytes;
  if (length !== undefined && length > most)
    throw problemError("too_large", `One request carries at most ${most} bytes; this one has ${length}. Send the rest by PATCH.`, {
      limit: most,
    });
}

/** @throws ProblemError `not_found` */
async function findUpload({ ports, owner }: Call, id: string): Promise<UploadRow> {
  const upload = await readUploadRow(ports.db, id, owner, ports.now());
  if (!upload) throw problemError("not_found", `There is no upload ${id}: it was deleted, rested for a day, or is another's.`);
  return upload;
}

/** What its reader may see: it brought it, or takes part in a thread that refers to it. @throws ProblemError `not_found` */
async function findReadable({ ports, viewer, owner }: Call, id: string): Promise<SharedArtifact> {
  const shared = await findShared(ports.db, readHash(id), viewer, owner);
  if (shared && (viewer === null || shared.isHeld || shared.own.length > 0)) return shared;
  // The index may be behind; the thread itself never is.
  for (const thread of shared?.others.slice(0, rooms.asked) ?? [])
    if ((await ports.thread(thread).show(viewer)).ok && shared) return { ...shared, own: [thread] };
  throw problemError("not_found", `There is no artifact ${id}, or it is not yours to see.`);
}

/** Makes room, now and then. */
async function sweepNow({ db, artifacts, now }: Call["ports"]): Promise<void> {
  const last = swept.get(db);
  if (last !== undefined && now() - last < rooms.sweep) return;
  swept.set(db, now());
  await sweepArtifacts(db, artifacts.bucket, now());
}

/** What each route calls. */
export const artifactCalls = { createUpload, showUpload, append, cancel, serve, show, list };
