/**
 * The headers of a resumable upload, as the IETF's draft "Resumable Uploads for HTTP" has them, beside those of the content: its type, its
 * name (RFC 6266) and its hash (RFC 9530).
 */
import { artifactLimits, isArtifactName, isMediaType } from "../../contract/artifact.ts";
import { problemError } from "../problem-error.ts";

/** `?1` or `?0`. @returns what is taken where it is absent @throws ProblemError `malformed` */
export function readComplete(headers: Headers, absent: boolean): boolean {
  const value = headers.get("upload-complete")?.trim();
  if (value === undefined) return absent;
  if (value === "?1") return true;
  if (value === "?0") return false;
  throw problemError("malformed", "`Upload-Complete` is ?1 (the body is the rest) or ?0.");
}

/** A whole number; undefined where it is absent. @throws ProblemError `malformed` */
export function readNumber(headers: Headers, name: "upload-length" | "upload-offset" | "content-length"): number | undefined {
  const value = headers.get(name)?.trim();
  if (value === undefined || value === "") return undefined;
  if (!/^\d{1,15}$/.test(value)) throw problemError("malformed", `\`${name}\` is a whole number of bytes.`);
  return Number(value);
}

/** SHA-256 of the content as 64 hexadecimal digits; null where nobody says. @throws ProblemError `malformed` */
export function readDigest(headers: Headers): string | null {
  const value = headers.get("repr-digest");
  if (value === null) return null;
  const encoded = /(?:^|,)\s*sha-256=:([A-Za-z0-9+/]{43}=):/.exec(value)?.[1];
  if (encoded === undefined) throw problemError("malformed", "`Repr-Digest` is `sha-256=:<base64 of the SHA-256 of the content>:`.");
  return [...atob(encoded)].map((letter) => letter.charCodeAt(0).toString(16).padStart(2, "0")).join("");
}

/** The same for an answer. */
export function writeDigest(hash: string): string {
  return `sha-256=:${btoa((hash.match(/../g) ?? []).map((digits) => String.fromCharCode(Number.parseInt(digits, 16))).join(""))}:`;
}

/** @throws ProblemError `malformed` */
export function readType(headers: Headers): string {
  const type = headers.get("content-type")?.trim() || "application/octet-stream";
  if (!isMediaType(type))
    throw problemError("malformed", `\`Content-Type\` is a media type of at most ${artifactLimits.typeLength} characters.`);
  return type;
}

/** Of `Content-Disposition`; null where nobody says. @throws ProblemError `malformed` */
export function readName(headers: Headers): string | null {
  const value = headers.get("content-disposition");
  if (value === null) return null;
  const extended = /;\s*filename\*\s*=\s*utf-8'[^']*'([^;\s]+)/i.exec(value)?.[1];
  const quoted = /;\s*filename\s*=\s*"((?:[^"\\]|\\.)*)"/i.exec(value)?.[1]?.replaceAll(/\\(.)/g, "$1");
  const name = extended === undefined ? (quoted ?? /;\s*filename\s*=\s*([^;"\s]+)/i.exec(value)?.[1]) : decode(extended);
  if (name !== undefined && isArtifactName(name)) return name;
  throw problemError(
    "malformed",
    `\`Content-Disposition\` is \`attachment; filename*=UTF-8''<the name, percent-encoded>\`; a name has at most ${artifactLimits.nameLength} bytes and no slashes or control characters.`,
  );
}

/** Has a browser save it under its name, whatever it is. */
export function writeDisposition(name: string | null): string {
  if (name === null) return "attachment";
  const encoded = encodeURIComponent(name).replaceAll(/['()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`);
  return `attachment; filename*=UTF-8''${encoded}`;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** Which bytes are asked for: null, all; undefined, none that there are. */
export function readRange(
  value: string | null,
  condition: string | null,
  { size, etag }: { size: number; etag: string },
): { offset: number; length: number } | null | undefined {
  if (value === null || (condition !== null && condition !== etag)) return null;
  const [, from = "", to = ""] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(value.trim()) ?? [];
  // What is no range, or several of them, may be answered in full.
  if (from === "" && to === "") return null;
  if (from === "") {
    const length = Math.min(Number(to), size);
    return length === 0 ? undefined : { offset: size - length, length };
  }
  const offset = Number(from);
  const last = Math.min(to === "" ? size - 1 : Number(to), size - 1);
  if (to !== "" && Number(to) < offset) return null;
  return offset >= size ? undefined : { offset, length: last - offset + 1 };
}
