/** Where a request comes from, as far as that can be believed. */
import type { AppPorts } from "./app-ports.ts";

/**
 * The caller's address as Cloudflare's edge says it. Without an edge anybody could write the header: all callers are then one, as
 * they are on the loopback that a local server listens on.
 */
export function readAddress(request: Request, { isFromEdge = () => true }: Pick<AppPorts, "isFromEdge">): string {
  return isFromEdge(request) ? (request.headers.get("cf-connecting-ip") ?? "") : "";
}
