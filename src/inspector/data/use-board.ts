/** What the log says of offers: the newest of it, and what comes. */
import { useEffect, useMemo, useState } from "preact/hooks";
import type { LogEntry } from "../../contract/views/log.ts";
import { beyondAll, read } from "./api.ts";
import { type Board, createBoardModel } from "./board-model.ts";
import { live } from "./live-log.ts";

/** What says who answered, and who got the role in the end. */
const kinds = ["nerve.offer.*", "nerve.claim.*", "nerve.thread.started", "nerve.turn.assigned"];

export function useBoard(): Board {
  const model = useMemo(createBoardModel, []);
  const [board, show] = useState<Board>(() => new Map());
  const generation = live.generation.value;
  useEffect(() => {
    if (generation === 0) return undefined;
    const ending = new AbortController();
    let waiting: LogEntry[] | undefined = [];
    const take = (entries: readonly LogEntry[]) => {
      if (model.add(entries)) show(model.offers());
    };
    const deaf = live.listen((entries) => {
      // What comes while the past is read comes after it.
      if (waiting) waiting.push(...entries);
      else take(entries);
    });
    const query = (type: string) => ({ type, before: beyondAll, limit: 200 });
    void Promise.all(kinds.map((type) => read<"log">("/v1/events", { query: query(type), signal: ending.signal })))
      .then((pages) => pages.flatMap(({ events }) => events).toSorted((a, b) => a.position - b.position))
      // What can't be read is missing; the offers that are open are listed by another question.
      .catch(() => [])
      .then((events) => {
        take([...events, ...(waiting ?? [])]);
        waiting = undefined;
      });
    return () => {
      ending.abort();
      deaf();
    };
  }, [model, generation]);
  return board;
}
