/** Breaks texts at random, by a seed. Runs anywhere. */

/** A small generator with a seed: the same seed gives the same faults. */
export function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const splinters = [
  "{{",
  "}}",
  "{%",
  "%}",
  "[",
  "]",
  "{",
  "}",
  ":",
  ": ",
  "- ",
  "\n",
  "  ",
  "\t",
  "'",
  '"',
  "*a",
  "&a ",
  "<<: *a",
  "|\n",
  ">-\n",
  "$END",
  "$status",
  "null",
  "~",
  "!x ",
  "#",
  "\\",
  "0",
  "true",
  "`",
  "(",
  "..",
  "\u0000",
  "😀",
  "? ",
];

/** A text with one to four things done to it: cut, put in, repeated, lines moved. */
export function mutateText(text: string, random: () => number): string {
  let result = text;
  const pick = (limit: number): number => Math.floor(random() * limit);
  for (let count = 1 + pick(4); count > 0; count--) {
    const at = pick(result.length + 1);
    const length = pick(random() < 0.2 ? 60 : 4);
    const kind = pick(4);
    if (kind === 0) result = result.slice(0, at) + result.slice(at + length);
    else if (kind === 1) result = result.slice(0, at) + (splinters[pick(splinters.length)] ?? "") + result.slice(at);
    else if (kind === 2) result = result.slice(0, at) + result.slice(pick(result.length), pick(result.length)) + result.slice(at);
    else {
      const lines = result.split("\n");
      const [line] = lines.splice(pick(lines.length), 1);
      lines.splice(pick(lines.length + 1), 0, line ?? "");
      result = lines.join("\n");
    }
  }
  return result;
}
