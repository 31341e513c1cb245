/** Reads a line that was typed while a thread is walked. Pure. */
import { signals, wordsOf } from "../contract/language.ts";
import { pointAt, readTyped } from "./read-typed.ts";
import { childEndings, type Move } from "./simulation.ts";

/** What a line asks for. */
export type WalkCommand =
  | { type: "move"; move: Move }
  | { type: "sample" | "back" | "show" | "help" | "quit" | "nothing" }
  | { type: "save"; file: string }
  | { type: "wrong"; message: string };

export const help = `an answer        JSON, or key: value pairs: $status: approved, summary: fine
sample           an answer made from the schema
timeout          nobody answers in time
fail [why]       the turn fails for good
suspend, resume, cancel
child completed | child failed
back             one step back
show             where the thread stands
save FILE        the walk as a script (.json, .yaml), or as a vitest file (.ts)
quit`;

const plain: ReadonlySet<string> = new Set(["timeout", ...wordsOf(signals)]);

function readAnswer(line: string): WalkCommand {
  const bare = !line.startsWith("{");
  const typed = readTyped(bare ? `{ ${line} }` : line);
  if (!typed.ok) {
    // The braces around a bare line are ours.
    const at = Math.min(line.length, Math.max(0, typed.at - (bare ? 2 : 0)));
    return { type: "wrong", message: `this is no answer: ${typed.message}\n${pointAt(line, at).excerpt}` };
  }
  const { value } = typed;
  if (typeof value !== "object" || value === null || Array.isArray(value)) return { type: "wrong", message: "an answer is an object" };
  return { type: "move", move: { do: "answer", output: value } };
}

/** Reads one line. */
export function readCommand(text: string): WalkCommand {
  const line = text.trim();
  const [word = "", ...rest] = line.split(/\s+/);
  const more = rest.join(" ");
  if (line === "") return { type: "nothing" };
  if (line.startsWith("{") || /^["']?[\w$.-]+["']?\s*:(\s|$)/.test(line)) return readAnswer(line);
  if (plain.has(word) && more === "") return { type: "move", move: { do: word } as Move };
  if (word === "fail") return { type: "move", move: { do: "fail", error: more || "failed" } };
  const ending = childEndings.find((status) => status === more);
  if (word === "child" && ending) return { type: "move", move: { do: "child", status: ending } };
  if (word === "save") return more === "" ? { type: "wrong", message: "save takes a file" } : { type: "save", file: more };
  if (["sample", "back", "show", "help", "quit"].includes(word)) return { type: word } as WalkCommand;
  return { type: "wrong", message: `"${word}" is no command; \`help\` shows what there is` };
}
