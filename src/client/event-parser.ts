/** Reads `text/event-stream`, in whatever pieces it comes. Knows no event by name. */
import { countBytes, exceedsBytes } from "../contract/limits.ts";
import { clientLimits } from "./limits.ts";

/** Takes pieces of the text. Returns false, for ever, once an event is larger than any that a server sends. */
export interface EventParser {
  take(piece: string): boolean;
}

/** Makes an {@link EventParser}; `found` hears of each event that has data. */
export function createEventParser(found: (event: string, data: string, id: string | undefined) => void): EventParser {
  let rest = "";
  let size = 0;
  let event = "message";
  let data: string[] = [];
  let id: string | undefined;

  function readLine(line: string) {
    if (line === "") {
      if (data.length > 0) found(event, data.join("\n"), id);
      event = "message";
      data = [];
      size = 0;
      return;
    }
    size += countBytes(line);
    const colon = line.indexOf(":");
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    if (name === "event") event = value;
    else if (name === "data") data.push(value);
    else if (name === "id") id = value;
  }

  return {
    take(piece) {
      rest += piece;
      const lines = rest.split(/\r\n|\n|\r(?!$)/);
      rest = lines.pop() ?? "";
      for (const line of lines) readLine(line);
      return size <= clientLimits.streamEventBytes && !exceedsBytes(rest, clientLimits.streamEventBytes - size);
    },
  };
}
