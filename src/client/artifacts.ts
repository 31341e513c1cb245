/** Brings artifacts to the server and fetches them, over lines that break: what is stored is not sent twice, what was read is not read twice. */
import { type ArtifactReference, artifactLimits, pathOfArtifact } from "../contract/artifact.ts";
import { computeBackoff } from "./backoff.ts";
import { ClientError } from "./client-error.ts";
import type { Clock } from "./clock.ts";
import type { Fetch } from "./fetch.ts";
import { readRefusal, resolveUrl } from "./http.ts";
import { clientLimits } from "./limits.ts";
import { type GetToken, sendWithToken } from "./token.ts";

/** What may be known of an artifact beside its content. */
export interface ArtifactFacts {
  /** Its media type; a `Blob`'s own unless given. */
  type?: string | undefined;
  /** A file's name; a `File`'s own unless given. */
  name?: string | undefined;
  /** SHA-256, 64 hexadecimal digits, which the server compares. Computed here of what fits in a part. */
  sha256?: string | undefined;
  signal?: AbortSignal | undefined;
}

/** Puts and fetches artifacts. */
export interface Artifacts {
  /**
   * Uploads what is larger than an output may be, in parts; what it returns goes into an output or an event. Of a `Blob`, such as a file's,
   * a part at a time is in memory.
   * @throws ClientError with the server's problem, or `network` where it gets no further
   */
  put(content: string | Uint8Array | Blob, facts?: ArtifactFacts): Promise<ArtifactReference>;
  /** Its content, piece by piece. @throws ClientError as `put`; `network` where it ends early */
  read(artifact: { $artifact: string; size?: number | undefined }, signal?: AbortSignal): AsyncIterable<Uint8Array>;
  /** All of its content, whose hash was checked. @throws ClientError as `read`, or where it is not what its hash says */
  bytes(artifact: { $artifact: string; size?: number | undefined }, signal?: AbortSignal): Promise<Uint8Array>;
}

const { partBytes } = artifactLimits;

/** Parts of one request: what a request fails for is sent again. */
const partsAtOnce = 2;

interface ArtifactOptions {
  url: string;
  token: string | GetToken | undefined;
  fetch: Fetch;
  clock: Pick<Clock, "after">;
  random: () => number;
}

/** How requests are made, and made again where that may go better. */
function createCalls(options: ArtifactOptions) {
  const fetch = sendWithToken(options.fetch, options.token);
  const pause = (attempt: number): Promise<void> =>
    new Promise((resolve) => void options.clock.after(computeBackoff(attempt, options.random), resolve));

  /** One request. @throws ClientError */
  async function ask(
    method: string,
    path: string,
    headers: Record<string, string>,
    signal: AbortSignal | undefined,
    body?: Uint8Array,
  ): Promise<Response> {
    let response: Response;
    try {
      const wait = signal ?? AbortSignal.timeout(clientLimits.artifactMs);
      response = await fetch(resolveUrl(options.url, path), { method, headers, signal: wait, ...(body && { body: body as never }) });
    } catch (error) {
      signal?.throwIfAborted();
      throw error instanceof ClientError ? error : new ClientError("network", `${method} ${path}: ${String(error)}`, { cause: error });
    }
    if (!response.ok) throw readRefusal(response, method === "HEAD" ? "" : await response.text());
    return response;
  }

  async function retry<T>(work: () => Promise<T>, isTried: (error: ClientError) => boolean = mayGoBetter): Promise<T> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof ClientError) || !isTried(error) || attempt + 1 >= clientLimits.artifactTries) throw error;
        await pause(attempt);
      }
    }
  }

  return { pause, ask, retry };
}

export function createArtifacts(options: ArtifactOptions): Artifacts {
  const { pause, ask, retry } = createCalls(options);

  /** Sends the rest of an upload from where the server has it; each part that comes through is progress. */
  async function sendParts(upload: string, blob: Blob, signal: AbortSignal | undefined): Promise<ArtifactReference> {
    let offset = 0;
    for (let failures = 0; ; ) {
      const end = Math.min(blob.size, offset + partsAtOnce * partBytes);
      const isLast = end === blob.size;
      const headers = {
        "upload-offset": String(offset),
        "upload-complete": isLast ? "?1" : "?0",
        "content-type": "application/partial-upload",
      };
      try {
        const body = new Uint8Array(await blob.slice(offset, end).arrayBuffer());
        const response = await ask("PATCH", upload, headers, signal, body);
        if (response.status === 200) return (await response.json()) as ArtifactReference;
        offset = Number(response.headers.get("upload-offset"));
        failures = 0;
      } catch (error) {
        const isOffset = error instanceof ClientError && error.code === "upload_offset";
        if (!(error instanceof ClientError) || !(isOffset || mayGoBetter(error)) || failures + 1 >= clientLimits.artifactTries) throw error;
        await pause(failures);
        failures += 1;
        const stored = await retry(() => ask("HEAD", upload, {}, signal));
        const at = Number(stored.headers.get("upload-offset"));
        if (at > offset) failures = 0;
        offset = at;
      }
    }
  }

  async function* read(
    { $artifact: id, size }: { $artifact: string; size?: number | undefined },
    signal?: AbortSignal,
  ): AsyncIterable<Uint8Array> {
    let offset = 0;
    let total = size ?? Number.POSITIVE_INFINITY;
    for (let failures = 0; offset < total; ) {
      try {
        const headers: Record<string, string> = offset > 0 ? { range: `bytes=${offset}-` } : {};
        // Of a thread that was just given, the index may come to know a moment later.
        const response = await retry(
          () => ask("GET", pathOfArtifact(id).slice(1), headers, signal),
          (error) => mayGoBetter(error) || error.code === "not_found",
        );
        total = offset + Number(response.headers.get("content-length") ?? total - offset);
        if (!response.body) break;
        const reader = response.body.getReader();
        for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
          offset += piece.value.byteLength;
          failures = 0;
          yield piece.value;
        }
        if (offset < total) throw new ClientError("network", `the artifact ${id} broke off at ${offset} of ${total} bytes`);
      } catch (error) {
        signal?.throwIfAborted();
        const own = error instanceof ClientError ? error : new ClientError("network", `reading ${id}: ${String(error)}`, { cause: error });
        if (!mayGoBetter(own) || failures + 1 >= clientLimits.artifactTries) throw own;
        await pause(failures);
        failures += 1;
      }
    }
  }

  return {
    async put(content, { type, name, sha256, signal } = {}) {
      const blob =
        content instanceof Blob
          ? content
          : new Blob([content as never], { type: typeof content === "string" ? "text/plain; charset=utf-8" : "" });
      const called = name ?? (blob as { name?: string }).name;
      const isSmall = blob.size <= partBytes;
      const body = isSmall ? new Uint8Array(await blob.arrayBuffer()) : undefined;
      const hash = sha256 ?? (body && (await hashBytes(body)));
      const headers: Record<string, string> = {
        "content-type": (type ?? blob.type) || "application/octet-stream",
        ...(called !== undefined && { "content-disposition": `attachment; filename*=UTF-8''${encodeName(called)}` }),
        ...(hash !== undefined && { "repr-digest": `sha-256=:${btoa(String.fromCharCode(...readHex(hash)))}:` }),
        "upload-length": String(blob.size),
        "upload-complete": isSmall ? "?1" : "?0",
      };
      const begun = await retry(() => ask("POST", "v1/artifacts", headers, signal, body));
      if (isSmall) return (await begun.json()) as ArtifactReference;
      return sendParts((begun.headers.get("location") ?? "").replace(/^\//, ""), blob, signal);
    },
    read,
    async bytes(artifact, signal) {
      const parts: Uint8Array[] = [];
      for await (const part of read(artifact, signal)) parts.push(part);
      const whole = new Uint8Array(await new Blob(parts as never[]).arrayBuffer());
      const hash = await hashBytes(whole);
      if (`sha256:${hash}` === artifact.$artifact) return whole;
      throw new ClientError("network", `what was read of ${artifact.$artifact} hashes to sha256:${hash}`);
    },
  };
}

/** Whether the same may go better later. */
function mayGoBetter({ code, problem }: ClientError): boolean {
  return code === "network" || code === "unavailable" || code === "starting" || code === "rate_limited" || problem?.status === 502;
}

async function hashBytes(bytes: Uint8Array): Promise<string> {
  const sum = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>));
  return [...sum].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function readHex(hex: string): number[] {
  return (hex.match(/../g) ?? []).map((digits) => Number.parseInt(digits, 16));
}

function encodeName(name: string): string {
  return encodeURIComponent(name).replaceAll(/['()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`);
}
