/** The ids of threads: made of what starts them, so that a retry starts nothing twice. */

const alphabet = "abcdefghijklmnopqrstuvwxyz234567";

/**
 * @param place of the reflex in its workflow
 * @returns `t` and 25 characters of base32: 125 bits of the SHA-256 of all of it
 */
export async function makeThreadId(source: string, eventId: string, workflow: string, place: number): Promise<string> {
  const digest = new Uint8Array(
    await crypto.subtle.digest("SHA-256", new TextEncoder().encode([source, eventId, workflow, place].join("\n"))),
  );
  let id = "t";
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
  return id;
}
