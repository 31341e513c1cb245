/** An event of the log as the terminal shows it. */
import type { CloudEvent } from "../../../contract/event.ts";
import type { Terminal } from "../terminal.ts";

/** An event and its place in the log. */
export interface LogEntry {
  event: CloudEvent;
  position: number;
}

/** One or two lines: where and when, what, from whom, of which thread; then its data. */
export function renderEvent(terminal: Terminal, { event, position }: LogEntry): string {
  const where = terminal.style("dim", `${position} ${event.time}`);
  const said = event.data === undefined ? "" : `\n  ${JSON.stringify(event.data)}`;
  return `${where} ${terminal.style("bold", event.type)} ${event.source}${event.correlationid ? ` ${event.correlationid}` : ""}${said}`;
}
