/** The `Idempotency-Key` of a call: what makes an order that is sent again one order. Knows headers, no order. */
import type { Context } from "hono";
import type { Once } from "../durable/protocol/parts.ts";
import type { AppEnv } from "./app-ports.ts";
import { readHeader } from "./parse-input.ts";

/**
 * Reads the key of an order; undefined where the caller gave none.
 * @param caller keys of two callers are two
 * @param body as it was parsed: what is spelt otherwise and means the same is the same
 * @throws problem `malformed` for what is no key
 */
export async function readOnce(c: Context<AppEnv>, caller: string, body: unknown): Promise<Once | undefined> {
  const key = readHeader(c, "Idempotency-Key");
  if (key === undefined) return undefined;
  const ordered = new TextEncoder().encode(JSON.stringify([c.req.method, c.req.path, body]));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", ordered));
  return { key: `${caller} ${key}`, hash: [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("") };
}
