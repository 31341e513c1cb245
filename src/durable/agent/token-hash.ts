/** How a token is kept and compared: as its SHA-256 alone, in a time that tells nothing. Knows no owner of one. */

/** SHA-256 of a token, lower-case hex: all that is stored of it. */
export async function hashToken(token: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(token)));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Whether two texts are the same, in a time that does not depend on where they differ; nothing equals an empty one. */
export function equalText(given: string, kept: string): boolean {
  let difference = given.length ^ kept.length;
  for (let index = 0; index < given.length; index++) difference |= given.charCodeAt(index) ^ kept.charCodeAt(index % (kept.length || 1));
  return kept.length > 0 && difference === 0;
}
