/** How many bytes a text has in UTF-8, which is what limits count. */

const encoder = new TextEncoder();

export function countBytes(text: string): number {
  return encoder.encode(text).byteLength;
}

/** Whether a text has more bytes than that; cheap for texts that clearly do not, or clearly do. */
export function exceedsBytes(text: string, most: number): boolean {
  // A unit of UTF-16 takes one byte at least and three at most.
  if (text.length > most) return true;
  return text.length * 3 > most && countBytes(text) > most;
}
