/** Reads a fixture: YAML in which a line of `~~~` marks what stands above it, and which may ask for options in its first line. */
import type { ParseOptions, Span } from "../../../src/compile/index.ts";

export interface Fixture {
  text: string;
  spans: Span[];
  options: ParseOptions;
}

/** Takes the marker lines out of a fixture and gives their places. */
export function readFixture(source: string): Fixture {
  const kept: string[] = [];
  const spans: Span[] = [];
  let offset = 0;
  for (const line of source.split("\n")) {
    const mark = /^( *)(~+)\s*$/.exec(line);
    if (mark === null) {
      kept.push(line);
      offset += line.length + 1;
      continue;
    }
    const start = offset - (kept.at(-1)?.length ?? 0) - 1 + (mark[1]?.length ?? 0);
    spans.push({ start, end: start + (mark[2]?.length ?? 0) });
  }
  const text = kept.join("\n");
  switch (/^# options: (\w+)/.exec(text)?.[1]) {
    case "publish":
      return { text, spans, options: { publish: true } };
    case "padded":
      return { text: text + "#".repeat(300_000), spans, options: {} };
    case "throwing":
      // No text is known that makes the compiler fail, so its options do.
      return {
        text,
        spans,
        options: {
          get includes(): never {
            throw new Error("planted");
          },
        },
      };
    default:
      return { text, spans, options: {} };
  }
}
