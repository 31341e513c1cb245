/** Calls about artifacts, and what is in them. */
import { exports } from "cloudflare:workers";
import type { Loose, Player } from "./stage.ts";

export function makeBytes(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0, value = seed; at < length; at += 1) bytes[at] = value = (value * 75 + 74) % 65_537;
  return bytes;
}

export async function hash(bytes: Uint8Array): Promise<{ id: string; digest: string }> {
  const sum = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>));
  const id = `sha256:${[...sum].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
  return { id, digest: `sha-256=:${btoa(String.fromCharCode(...sum))}:` };
}

export async function ask(who: { token: string }, method: string, path: string, headers: Record<string, string> = {}, body?: Uint8Array) {
  const response = await exports.default.fetch(`http://nerveflare.test${path}`, {
    method,
    headers: { authorization: `Bearer ${who.token}`, ...headers },
    ...(body && { body: body as Uint8Array<ArrayBuffer> }),
  });
  const bytes = new Uint8Array(await response.arrayBuffer());
  const isJson = response.headers.get("content-type")?.includes("json") && method !== "GET";
  const json: Loose = isJson || response.status >= 400 ? JSON.parse(new TextDecoder().decode(bytes) || "null") : undefined;
  return { status: response.status, headers: response.headers, bytes, json };
}

export const put = (who: Player, bytes: Uint8Array, headers: Record<string, string> = {}) =>
  ask(who, "POST", "/v1/artifacts", headers, bytes);
