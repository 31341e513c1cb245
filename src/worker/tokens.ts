/** Tokens: made of 256 random bits, kept and compared as SHA-256 digests only. */
import { idPattern } from "../wire/event.ts";

/** An agent's secret: base64url of 32 bytes. */
const secretPattern = /^[A-Za-z0-9_-]{43}$/;

/** @param bytes 32 random ones */
export function formatToken(agent: string, bytes: Uint8Array): string {
  const base64 = btoa(String.fromCharCode(...bytes));
  return `${agent}.${base64.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")}`;
}

/** The agent that a token names; undefined if it can't be an agent's. Proves nothing. */
export function parseTokenAgent(token: string): string | undefined {
  // An id may have dots, a secret has none.
  const dot = token.lastIndexOf(".");
  const id = token.slice(0, Math.max(dot, 0));
  return idPattern.test(id) && secretPattern.test(token.slice(dot + 1)) ? id : undefined;
}

/** SHA-256 of a token, lower-case hex, as agents' objects store it. */
export async function hashToken(token: string): Promise<string> {
  return Array.from(await digest(token), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Whether two tokens are the same, in a time that tells nothing about where they differ. */
export async function equalTokens(a: string, b: string): Promise<boolean> {
  const [left, right] = await Promise.all([digest(a), digest(b)]);
  let difference = 0;
  for (const [index, byte] of left.entries()) difference |= byte ^ (right[index] ?? 0);
  return difference === 0;
}

async function digest(token: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(token)));
}
