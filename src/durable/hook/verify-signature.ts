/**
 * Whether a delivery is signed as its sender signs, over the bytes as they came, and lately. The comparisons are Web Crypto's, whose time
 * tells nothing of the secret; all secrets and signatures are tried, whichever fits. Knows no store.
 */
import type { HookSender } from "../../contract/hook-senders.ts";
import { hookLimits } from "./hook-limits.ts";

export interface Delivery {
  /** By lower-case name. */
  headers: { readonly [name: string]: string };
  /** As it came. */
  body: Uint8Array;
}

/** What was signed, what with, and when; or what is missing. */
type Signed = { content: Uint8Array[]; signatures: Uint8Array[]; seconds: number | null } | { error: string };

export type Verified = { ok: true } | { ok: false; error: string };

const encoder = new TextEncoder();

/** Reads a header of pairs such as `t=1,v1=ab,v1=cd`. */
function readPairs(header: string): [name: string, value: string][] {
  return header.split(",").map((part) => {
    const at = part.indexOf("=");
    return at < 0 ? [part.trim(), ""] : [part.slice(0, at).trim(), part.slice(at + 1).trim()];
  });
}

function readHex(text: string): Uint8Array | undefined {
  if (!/^[0-9a-f]{64}$/i.test(text)) return undefined;
  return Uint8Array.from({ length: 32 }, (_, index) => Number.parseInt(text.slice(index * 2, index * 2 + 2), 16));
}

function readBase64(text: string): Uint8Array | undefined {
  try {
    return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  } catch {
    return undefined;
  }
}

const isThere = <T>(value: T | undefined): value is T => value !== undefined;

/** Whole seconds since 1970; others are none. */
function readSeconds(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,12}$/.test(text) ? Number(text) : undefined;
}

interface Scheme {
  read(delivery: Delivery): Signed;
  /** The bytes of a secret; undefined: it can be none. */
  key(secret: string): Uint8Array | undefined;
}

/** Standard Webhooks' secrets, by their length in bytes: it says 24 to 64, and some make longer ones. */
const standardBytes = { least: 16, most: 128 };

const schemes: Readonly<Record<HookSender, Scheme>> = {
  github: {
    read({ headers, body }) {
      const header = headers["x-hub-signature-256"];
      if (header === undefined) return { error: "there is no X-Hub-Signature-256: give the webhook its secret at GitHub" };
      const signature = header.startsWith("sha256=") ? readHex(header.slice("sha256=".length)) : undefined;
      if (!signature) return { error: "X-Hub-Signature-256 is not `sha256=` and 64 hexadecimal digits" };
      return { content: [body], signatures: [signature], seconds: null };
    },
    key: readPlainKey,
  },
  standard: {
    read({ headers, body }) {
      const { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": header } = headers;
      const seconds = readSeconds(timestamp);
      if (id === undefined || header === undefined || timestamp === undefined)
        return { error: "webhook-id, webhook-timestamp or webhook-signature is missing" };
      if (seconds === undefined) return { error: "webhook-timestamp is not whole seconds since 1970" };
      const signatures = header
        .split(" ")
        .map((part) => (part.startsWith("v1,") ? readBase64(part.slice("v1,".length)) : undefined))
        .filter(isThere);
      if (signatures.length === 0) return { error: "webhook-signature has no signature of `v1`" };
      return { content: [encoder.encode(`${id}.${timestamp}.`), body], signatures, seconds };
    },
    key(secret) {
      const bytes = secret.startsWith("whsec_") ? readBase64(secret.slice("whsec_".length)) : undefined;
      return bytes && bytes.length >= standardBytes.least && bytes.length <= standardBytes.most ? bytes : undefined;
    },
  },
  stripe: {
    read({ headers, body }) {
      const header = headers["stripe-signature"];
      if (header === undefined) return { error: "there is no Stripe-Signature" };
      const pairs = readPairs(header);
      const timestamp = pairs.find(([name]) => name === "t")?.[1];
      const seconds = readSeconds(timestamp);
      if (seconds === undefined) return { error: "Stripe-Signature says no time `t=` in seconds since 1970" };
      const signatures = pairs.flatMap(([name, value]) => (name === "v1" ? [readHex(value)] : [])).filter(isThere);
      if (signatures.length === 0) return { error: "Stripe-Signature has no signature `v1=`" };
      return { content: [encoder.encode(`${timestamp}.`), body], signatures, seconds };
    },
    key: readPlainKey,
  },
};

/** Characters of a secret that is used as it is written: fewer could be guessed. */
const plainLength = { least: 16, most: 512 };

function readPlainKey(secret: string): Uint8Array | undefined {
  const isPlain = /^[\x21-\x7e]+$/.test(secret) && secret.length >= plainLength.least && secret.length <= plainLength.most;
  return isPlain ? encoder.encode(secret) : undefined;
}

/** What is wrong with a secret that somebody chose; undefined: nothing. Says nothing of the secret itself. */
export function findSecretFault(from: HookSender, secret: string): string | undefined {
  if (schemes[from].key(secret)) return undefined;
  return from === "standard"
    ? `The secret is not \`whsec_\` and ${standardBytes.least} to ${standardBytes.most} bytes in Base64.`
    : `The secret is not ${plainLength.least} to ${plainLength.most} visible characters of ASCII.`;
}

/**
 * @param secrets any of which may have signed
 * @param now milliseconds since 1970
 */
export async function verifySignature(from: HookSender, delivery: Delivery, secrets: readonly string[], now: number): Promise<Verified> {
  const { read, key } = schemes[from];
  const signed = read(delivery);
  if ("error" in signed) return { ok: false, error: signed.error };
  const content = concatenate(signed.content);
  const tries = secrets.flatMap((secret) =>
    signed.signatures.slice(0, hookLimits.signatures).map(async (signature) => {
      const imported = await crypto.subtle.importKey("raw", key(secret) ?? new Uint8Array(1), { name: "HMAC", hash: "SHA-256" }, false, [
        "verify",
      ]);
      return crypto.subtle.verify("HMAC", imported, signature, content);
    }),
  );
  if (!(await Promise.all(tries)).includes(true))
    return { ok: false, error: "the signature is not by this hook's secret, or the body was changed" };
  const apart = signed.seconds === null ? 0 : now - signed.seconds * 1_000;
  if (Math.abs(apart) <= hookLimits.tolerance) return { ok: true };
  const way = apart > 0 ? "before" : "after";
  const seconds = Math.round(Math.abs(apart) / 1_000);
  return {
    ok: false,
    error: `it was signed ${seconds} s ${way} the server's time, and ${hookLimits.tolerance / 1_000} s are allowed: a replay, or a clock that is wrong`,
  };
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.byteLength;
  }
  return all;
}
