/** Ids made of what they follow from, so that a retry makes the same one: SHA-256, shortened. */
import { inOnePiece } from "../../contract/one-piece.ts";

const alphabet = "abcdefghijklmnopqrstuvwxyz234567";

/**
 * @param prefix one letter that says what it is an id of
 * @returns the prefix and 25 characters of base32: 125 bits of the SHA-256 of all parts
 */
export async function deriveId(prefix: string, parts: (string | number)[]): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(parts.join("\n"))));
  let id = prefix;
  let bits = 0;
  let held = 0;
  for (const byte of digest) {
    held = (held << 8) | byte;
    bits += 8;
    while (bits >= 5 && id.length < 26) {
      bits -= 5;
      id += alphabet[(held >> bits) & 31];
      held &= (1 << bits) - 1;
    }
  }
  return inOnePiece(id);
}
