/** What is different in a web page, and in its workers: where a page's browser decides what it may read, and tells when it is online. */
import type { Fetch } from "./fetch.ts";
import { clientLimits } from "./limits.ts";

interface PageScope {
  location?: { href?: string };
  origin?: string;
  addEventListener?(type: string, listener: () => void): void;
  removeEventListener?(type: string, listener: () => void): void;
}

const scope = globalThis as unknown as PageScope;

/** The origin of the page that this runs in, as its browser tells servers; undefined outside of pages. */
export function findPageOrigin(): string | undefined {
  return scope.location?.href === undefined ? undefined : (scope.origin ?? "null");
}

/**
 * What to say of a call that got no answer. A browser tells a page of another origin neither that it was refused nor why, but whether
 * anything answers there at all can be found out.
 * @param address of anything on the server that takes no token
 * @returns a sentence to go on with; empty where there is nothing to add
 */
export async function explainUnread(address: string, fetch: Fetch): Promise<string> {
  const origin = findPageOrigin();
  if (origin === undefined || origin === new URL(address).origin) return "";
  try {
    await fetch(address, { method: "GET", headers: {}, mode: "no-cors", signal: AbortSignal.timeout(clientLimits.unreadMs) });
  } catch {
    return "";
  }
  return `. Something answers there that pages of ${origin} may not read: if it is the server, its operator adds ${origin} to NERVEFLARE_ORIGINS`;
}

/** Calls back each time that the page comes online, or back from where its browser kept it. Returns what ends that. */
export function watchReturns(action: () => void): () => void {
  if (findPageOrigin() === undefined) return () => {};
  const types = ["online", "pageshow"];
  for (const type of types) scope.addEventListener?.(type, action);
  return () => {
    for (const type of types) scope.removeEventListener?.(type, action);
  };
}
