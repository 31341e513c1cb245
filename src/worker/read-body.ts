/** Reads request bodies within a limit, whatever `content-length` claims. */
import { readJsonText } from "../contract/read-json.ts";
import { problemError } from "./problem-error.ts";

/** Characters of a body that is kept for {@link recallBody}. */
const recalled = 4_096;
const bodies = new WeakMap<Request, string>();

/** What a route has read of this request already, if it was short: a body can be read once only. */
export function recallBody(request: Request): string | undefined {
  return bodies.get(request);
}

/**
 * The body as it came: what is signed is signed byte by byte.
 * @param limit bytes
 * @throws ProblemError `too_large` past the limit, `malformed` if it breaks off, which is no fault of the server
 */
export async function readBytes(request: Request, limit: number): Promise<Uint8Array> {
  const tooLarge = () => problemError("too_large", `The body is larger than ${limit} bytes. Send less at a time.`, { limit });
  const announced = Number(request.headers.get("content-length") ?? 0) > limit;
  const parts: Uint8Array[] = [];
  let size = 0;
  const reader = request.body?.getReader();
  if (!reader) return new Uint8Array();
  const read = (): ReturnType<typeof reader.read> =>
    reader.read().catch(() => {
      throw problemError("malformed", "The body broke off before its end. Send it again in full.");
    });
  for (let part = await read(); !part.done; part = await read()) {
    size += part.value.byteLength;
    if (announced || size > limit) {
      await discard(reader, limit).catch(() => {});
      throw tooLarge();
    }
    parts.push(part.value);
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.byteLength;
  }
  return bytes;
}

/**
 * The body as text.
 * @param limit bytes
 * @throws ProblemError as {@link readBytes}, and `malformed` if it is not UTF-8
 */
export async function readText(request: Request, limit: number): Promise<string> {
  const bytes = await readBytes(request, limit);
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes);
    if (text.length <= recalled) bodies.set(request, text);
    return text;
  } catch {
    const encoding = request.headers.get("content-encoding");
    throw problemError(
      "malformed",
      encoding ? `The body is ${encoding}: send it without Content-Encoding, as UTF-8.` : "The body is not UTF-8.",
    );
  }
}

/** Reads on, keeping nothing: a client that still sends when it is answered hears that the connection broke, not why. Up to so many bytes. */
async function discard(reader: ReadableStreamDefaultReader<Uint8Array>, bytes: number): Promise<void> {
  let left = bytes;
  for (let part = await reader.read(); !part.done && left > 0; part = await reader.read()) left -= part.value.byteLength;
  await reader.cancel();
}

/**
 * The body as JSON, `undefined` if it is empty.
 * @throws ProblemError `too_large`, `malformed`
 */
export async function readJson(request: Request, limit: number): Promise<unknown> {
  const text = await readText(request, limit);
  if (text.trim() === "") return undefined;
  try {
    return readJsonText(text);
  } catch (error) {
    throw problemError("malformed", `The body is not JSON: ${(error as Error).message}`);
  }
}
