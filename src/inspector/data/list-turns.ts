/** What an agent made of its last turns, by what it said. Knows no page. */
import type { LogEntry } from "../../contract/views/log.ts";
import { readData } from "./story/moment.ts";
import { findThread } from "./threads-model.ts";

export interface RecentTurn {
  position: number;
  thread: string;
  what: "answered" | "gave up";
  tone: "good" | "bad";
  /** The status that it answered, or why it gave up. */
  said: string;
  /** RFC 3339. */
  at: string;
}

/** Turns that are shown. */
const most = 20;
/** Characters of what was said. */
const length = 120;

/** @param events of one agent, in any order @returns the newest first */
export function listTurns(events: readonly LogEntry[]): RecentTurn[] {
  const turns = events.flatMap((entry): RecentTurn[] => {
    const { position, event } = entry;
    const isAnswer = event.type === "nerve.turn.respond";
    if (!isAnswer && event.type !== "nerve.turn.fail") return [];
    const { output, error } = readData(entry) as { output?: { $status?: unknown }; error?: unknown };
    const said = String((isAnswer ? output?.$status : error) ?? "").slice(0, length);
    return [
      {
        position,
        thread: findThread(event) ?? "",
        what: isAnswer ? "answered" : "gave up",
        tone: isAnswer ? "good" : "bad",
        said,
        at: event.time ?? "",
      },
    ];
  });
  return turns.toSorted((a, b) => b.position - a.position).slice(0, most);
}
