/** How the CLI writes: results to stdout, happenings and errors to stderr, each pretty or as one line of JSON. */
import { styleText } from "node:util";

/** Where a command writes. */
export interface Terminal {
  /** True under `--json`: every line is one JSON value. */
  json: boolean;
  /** Writes a result: under `--json` the value on one line, else what `render` makes of it. */
  result(value: unknown, render: () => string): void;
  /** Writes a line to stderr; under `--json` nothing, for there only data is written. */
  hint(line: string): void;
  /** Writes an error: what happened, then what to do. */
  error(what: string, hint?: string): void;
  /** Colours text if the output is a terminal and `NO_COLOR` is not set. */
  style(format: Style, text: string): string;
}

/** The few styles that are used; more would be decoration. */
export type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

/** What a terminal writes to. */
export interface Output {
  write(text: string): unknown;
  isTTY?: boolean;
}

/** Makes a {@link Terminal}. */
export function createTerminal(options: {
  stdout: Output;
  stderr: Output;
  json?: boolean;
  env?: Record<string, string | undefined>;
}): Terminal {
  const { stdout, stderr, env = {} } = options;
  const coloured = stdout.isTTY === true && !env.NO_COLOR;
  const terminal: Terminal = {
    json: options.json ?? false,
    result: (value, render) => void stdout.write(`${terminal.json ? JSON.stringify(value) : render()}\n`),
    hint: (line) => void (terminal.json || stderr.write(`${line}\n`)),
    error: (what, hint) => {
      if (terminal.json) stderr.write(`${JSON.stringify({ error: what, ...(hint ? { hint } : {}) })}\n`);
      else stderr.write(`${terminal.style("red", "error")} ${what}\n${hint ? `  ${hint.replaceAll("\n", "\n  ")}\n` : ""}`);
    },
    style: (format, text) => (coloured ? styleText(format, text, { validateStream: false }) : text),
  };
  return terminal;
}

/** Lays rows out in columns as wide as their widest cell; the last column is never padded. */
export function renderTable(header: string[], rows: string[][], style: (text: string) => string = (text) => text): string {
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: string[]) =>
    row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0))).join("  ");
  return [style(line(header)), ...rows.map(line)].join("\n");
}
