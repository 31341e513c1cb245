/** Tokens: made of 256 random bits, kept and compared as SHA-256 digests only. */

import { idPattern } from "../contract/event.ts";

/** An agent's secret: base64url of 32 bytes. */
const secretPattern = /^[A-Za-z0-9_-]{43}$/;

/** What stands before an operator's name in its token; no agent's id has a slash. */
export const operatorPrefix = "operators/";

/** Random bytes as base64url. */
export function formatSecret(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}

/** A webhook's secret as Standard Webhooks has it. @param bytes 32 random ones */
export function formatWebhookSecret(bytes: Uint8Array): string {
  return `whsec_${btoa(String.fromCharCode(...bytes))}`;
}

/**
 * @param owner an agent's id, or `operators/<name>`
 * @param bytes 32 random ones
 */
export function formatToken(owner: string, bytes: Uint8Array): string {
  return `${owner}.${formatSecret(bytes)}`;
}

/** The operator that a token names; undefined if it can't be an operator's. Proves nothing. */
export function parseTokenOperator(token: string): string | undefined {
  const [name, secret, more] = token.startsWith(operatorPrefix) ? token.slice(operatorPrefix.length).split(".") : [];
  return name && more === undefined && secretPattern.test(secret ?? "") ? name : undefined;
}

/** The agent that a token names; undefined if it can't be an agent's. Proves nothing. */
export function parseTokenAgent(token: string): string | undefined {
  // An id may have dots, a secret has none.
  const dot = token.lastIndexOf(".");
  const id = token.slice(0, Math.max(dot, 0));
  return idPattern.test(id) && secretPattern.test(token.slice(dot + 1)) ? id : undefined;
}
