/** The `Idempotency-Key` of a call: what makes an order that is sent again one order. Knows headers, no order. */
import type { Context } from "hono";
import { limits } from "../contract/limits.ts";
import type { Once } from "../durable/host/control-keys.ts";
import type { AppEnv } from "./app-ports.ts";
import { problemError } from "./problem-error.ts";

/** The header, as HTTP names it. */
export const idempotencyHeader = "Idempotency-Key";

/** What a key may be: visible ASCII, so that it is the same in every log. */
const keyPattern = new RegExp(`^[\\x21-\\x7e]{1,${limits.idempotencyKeyLength}}$`);

/**
 * Reads the key of an order; undefined where the caller gave none.
 * @param caller keys of two callers are two
 * @param body as it was parsed: what is spelt otherwise and means the same is the same
 * @throws problem `malformed` for what is no key
 */
export async function readOnce(c: Context<AppEnv>, caller: string, body: unknown): Promise<Once | undefined> {
  const key = c.req.header(idempotencyHeader);
  if (key === undefined) return undefined;
  if (!keyPattern.test(key))
    throw problemError(
      "malformed",
      `${idempotencyHeader} is 1 to ${limits.idempotencyKeyLength} visible characters of ASCII, a UUID for example.`,
    );
  const ordered = new TextEncoder().encode(JSON.stringify([c.req.method, c.req.path, body]));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", ordered));
  return { key: `${caller} ${key}`, hash: [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("") };
}
