/** Answers with an artifact's content, in a way that makes it harmless in a browser, whatever it is. */
import { problemError } from "../problem-error.ts";
import type { FoundArtifact } from "./artifact-store.ts";
import { readRange, writeDigest, writeDisposition } from "./upload-headers.ts";

/** @param asked which range. @throws ProblemError `not_found` where R2 has lost it */
export async function serveArtifact(
  request: Request,
  asked: string | null,
  bucket: R2Bucket,
  { hash, object, size, type, name }: FoundArtifact,
): Promise<Response> {
  const etag = `"sha256:${hash}"`;
  const headers: Record<string, string> = {
    "content-type": type,
    // Saved rather than shown; if it is shown all the same, it runs nothing, loads nothing, and is of no origin.
    "content-disposition": writeDisposition(name),
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "x-content-type-options": "nosniff",
    "cross-origin-resource-policy": "same-origin",
    "accept-ranges": "bytes",
    "repr-digest": writeDigest(hash),
    etag,
  };
  const known = request.headers.get("if-none-match");
  if (known !== null && (known.trim() === "*" || known.split(",").some((each) => each.trim().replace(/^W\//, "") === etag)))
    return new Response(null, { status: 304, headers });
  const range = readRange(asked, request.headers.get("if-range"), { size, etag });
  if (range === undefined) {
    return new Response(null, { status: 416, headers: { ...headers, "content-range": `bytes */${size}` } });
  }
  const { offset, length } = range ?? { offset: 0, length: size };
  const status = range === null ? 200 : 206;
  if (range) headers["content-range"] = `bytes ${offset}-${offset + length - 1}/${size}`;
  headers["content-length"] = String(length);
  if (request.method === "HEAD" || length === 0) return new Response(null, { status, headers });
  const stored = await bucket.get(object, { range: { offset, length } });
  if (stored === null) throw problemError("not_found", `The content of sha256:${hash} is lost.`);
  return new Response(stored.body.pipeThrough(new FixedLengthStream(length)), { status, headers });
}
