/** Lines that stay on a terminal, and below them a panel that is drawn over itself. */
import { createLogUpdate } from "log-update";
import type { CommandContext } from "../command.ts";
import type { Output } from "../terminal.ts";

/** A terminal that is drawn on. */
export interface Screen {
  readonly columns: number;
  readonly rows: number;
  /** Writes lines that stay. */
  print(lines: string): void;
  /** Draws the panel anew; what does not fit the terminal is left out. */
  draw(lines: string[]): void;
  /** Leaves the panel as it is and gives the cursor back. */
  close(): void;
}

/** What a terminal stream has beyond an {@link Output}. */
export type TerminalStream = Output & NodeJS.WritableStream & { columns?: number; rows?: number };

/** @returns undefined where nobody looks: the output is no terminal, or is JSON */
export function openScreen({ terminal }: CommandContext, stream: TerminalStream = process.stdout): Screen | undefined {
  if (terminal.json || stream.isTTY !== true) return undefined;
  const update = createLogUpdate(stream);
  return {
    get columns() {
      return stream.columns ?? 80;
    },
    get rows() {
      return stream.rows ?? 24;
    },
    print: (lines) => update.persist(lines),
    draw(lines) {
      update(lines.slice(0, this.rows - 1).join("\n"));
    },
    close: () => update.done(),
  };
}
