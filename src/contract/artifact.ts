/**
 * Artifacts: what is larger than an event may be, kept beside it under the hash of its content. An event, an output or an input names
 * one by a reference, an object whose `$artifact` is that hash; the server fills in what it knows of it.
 */
import type { Json } from "./event.ts";

/** Bounds of artifacts, each beside its reason. What an event may be is in limits.ts. */
export const artifactLimits = {
  /** Bytes of one: a second or two of hashing when it is finished, within the CPU that a request may take. */
  bytes: 512 * 1024 * 1024,
  /** Bytes of a part as it is stored: the least that R2 takes of all parts but the last. What a broken line can lose is less than one. */
  partBytes: 5 * 1024 * 1024,
  /** Bytes of one request, but for the last part: Cloudflare refuses bodies of more than 100 MB on its smaller plans. */
  appendBytes: 64 * 1024 * 1024,
  /** Bytes of all that one thread refers to: eight of the largest. */
  threadBytes: 4 * 1024 * 1024 * 1024,
  /** Artifacts that one event names: each is looked up before the event is taken. */
  perEvent: 64,
  /** Artifacts that one event in no thread names, times its receivers: each is a row. */
  perMail: 1_000,
  /** Artifacts that one thread refers to: they are rows that its retention deletes at once. */
  perThread: 10_000,
  /** Bytes and number of what one agent brought, is bringing, and no thread refers to yet: it goes a day later. */
  heldBytes: 2 * 1024 * 1024 * 1024,
  held: 1_000,
  /** Uploads of one agent that are not finished. */
  uploads: 16,
  /** Bytes of all, by default: what R2 keeps for nothing. An operator sets another by `NERVEFLARE_ARTIFACT_GB`. */
  totalBytes: 10_000_000_000,
  /** Milliseconds for which what no thread refers to is kept, and for which an upload may rest between two parts. */
  keptMs: 86_400_000,
  /** Bytes of a name and of a media type: they are headers. */
  nameLength: 255,
  typeLength: 127,
} as const;

/** The key of a reference. */
export const artifactKey = "$artifact";

const idPattern = /^sha256:[0-9a-f]{64}$/;
const typePattern = /^[a-z0-9!#$&^_.+-]+\/[a-z0-9!#$&^_.+-]+( *; *[a-z0-9-]+=([a-z0-9!#$&^_.+-]+|"[^"\\\p{Cc}]*"))*$/iu;

/** A media type as it may be stored and answered. */
export function isMediaType(text: string): boolean {
  return text.length <= artifactLimits.typeLength && typePattern.test(text);
}

/** `sha256:` and 64 digits: the name of an artifact everywhere. */
export function isArtifactId(text: unknown): text is string {
  return typeof text === "string" && idPattern.test(text);
}

/** What is known of an artifact, as a reference has it. */
export interface ArtifactReference {
  $artifact: string;
  /** Bytes. */
  size: number;
  /** Its media type. */
  type: string;
  /** What whoever brought it called it. */
  name?: string;
}

type Members = { [name: string]: Json };

/** Whether a value names an artifact, or means to. */
export function isArtifactReference(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value) && Object.hasOwn(value, artifactKey);
}

/** Whether there may be references in a value; cheap where it was made of this text. */
export function mayReferToArtifacts(text: string): boolean {
  return text.includes(`"${artifactKey}"`);
}

/** Every reference in a value, in its order. */
export function listArtifactReferences(value: unknown, found: Members[] = []): Members[] {
  if (typeof value !== "object" || value === null) return found;
  if (isArtifactReference(value)) found.push(value);
  else for (const inner of Object.values(value)) listArtifactReferences(inner, found);
  return found;
}

/** The same value, with each reference as `replace` has it. */
export function replaceArtifactReferences(value: Json, replace: (reference: Members) => Json): Json {
  if (Array.isArray(value)) return value.map((inner) => replaceArtifactReferences(inner, replace));
  if (typeof value !== "object" || value === null) return value;
  if (isArtifactReference(value)) return replace(value);
  return Object.fromEntries(Object.entries(value as Members).map(([name, inner]) => [name, replaceArtifactReferences(inner, replace)]));
}

/** Why a reference is not one: `path` is within it. Nothing where it is well-formed. */
export function judgeArtifactReference(reference: Members): string | undefined {
  const { [artifactKey]: id, size, type, name, ...others } = reference;
  if (!isArtifactId(id)) return `\`${artifactKey}\` is "sha256:" and 64 hexadecimal digits in small letters`;
  if (size !== undefined && (!Number.isSafeInteger(size) || (size as number) < 0)) return "`size` is a number of bytes";
  if (type !== undefined && (typeof type !== "string" || !isMediaType(type))) return "`type` is a media type";
  if (name !== undefined && (typeof name !== "string" || !isArtifactName(name)))
    return `\`name\` is a file's name of at most ${artifactLimits.nameLength} bytes, without slashes and control characters`;
  const [other] = Object.keys(others);
  return other === undefined ? undefined : `\`${other}\` is no part of a reference; there are \`size\`, \`type\` and \`name\``;
}

/** A name that may stand in a header and in any folder. */
export function isArtifactName(name: string): boolean {
  const bytes = new TextEncoder().encode(name).length;
  return (
    bytes > 0 &&
    bytes <= artifactLimits.nameLength &&
    !/[\p{Cc}\p{Cf}/\\]/u.test(name) &&
    name !== "." &&
    name !== ".." &&
    name.isWellFormed()
  );
}

const units = ["bytes", "kB", "MB", "GB"];

/** `1.2 MB`, as people read it. */
export function renderBytes(bytes: number): string {
  let [amount, unit] = [bytes, 0];
  for (; amount >= 999.5 && unit < units.length - 1; unit += 1) amount /= 1000;
  return `${unit === 0 || amount >= 99.95 ? Math.round(amount) : amount.toFixed(1)} ${units[unit]}`;
}

/** Where a server answers with an artifact, below its own address. */
export function pathOfArtifact(id: string): string {
  return `/v1/artifacts/${id}`;
}

/** A reference as prompts show it: name, size, type and where it is, rather than JSON. */
export function describeArtifact(reference: Members): string {
  const { [artifactKey]: id, size, type, name } = reference;
  const facts = [typeof size === "number" ? renderBytes(size) : undefined, typeof type === "string" ? type : undefined].filter(Boolean);
  return `${typeof name === "string" ? name : "artifact"}${facts.length ? ` (${facts.join(", ")})` : ""}: ${pathOfArtifact(String(id))}`;
}
