/** Tells the demo as it happens: a line per event with when, who and what; aligned, coloured on a terminal, JSON when asked. */
import type { Style, Terminal } from "../terminal.ts";

/** Tells. */
export interface Narrator {
  title(text: string): void;
  /** `who` does `what`. `at` in milliseconds since 1970. */
  line(who: string, what: string, text: string, more?: { at?: number; thread?: string }): void;
  /** Prose for people; nothing under `--json`. */
  remark(text: string): void;
}

/** Which happenings stand out. */
const styles: Record<string, Style> = {
  awarded: "green",
  completed: "green",
  refused: "yellow",
  failed: "red",
  error: "red",
  answers: "cyan",
};

/**
 * Makes a {@link Narrator} whose clock starts now.
 * @param told called with each line
 */
export function createNarrator(terminal: Terminal, told: () => void = () => {}, now: () => number = Date.now): Narrator {
  const started = now();
  return {
    title: (text) => terminal.result({ title: text }, () => `\n${terminal.style("bold", text)}`),
    remark: (text) => {
      if (!terminal.json) terminal.result(text, () => text);
    },
    line(who, what, text, { at = now(), thread } = {}) {
      told();
      const seconds = (Math.max(0, at - started) / 1000).toFixed(2);
      terminal.result({ seconds: Number(seconds), who, what, text, ...(thread && { thread }) }, () => {
        const style = styles[what];
        const verb = what.padEnd(10);
        return `${terminal.style("dim", `${seconds.padStart(6)} s`)}  ${terminal.style("bold", who.padEnd(8))}  ${style ? terminal.style(style, verb) : verb}  ${text}`;
      });
    },
  };
}
