/**
 * An id that nobody else has. Not `crypto.randomUUID`, which browsers give only to pages that came by TLS or from this machine: the
 * inspector works in any network that somebody serves it in.
 */
export function makeRandomId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
