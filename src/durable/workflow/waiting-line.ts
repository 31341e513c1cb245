/**
 * Who of a workflow's waiting threads is next. Plain memory, made anew of what is stored.
 *
 * Next is, of those that wait with the highest priority, the oldest of the initiator who stands first in the ring. Whoever
 * begins to wait joins the ring at its end; whoever was served goes back there. So of k initiators that wait in a priority
 * each is served once in k, however many threads one of them has queued, and one initiator's threads start in their order.
 */

export interface InLine {
  thread: string;
  /** Source of the initiating event. */
  initiator: string;
  priority: number;
  /** Later ones are greater. */
  place: number;
  /** For which of its beginnings it waits. */
  epoch: number;
}

export interface WaitingLine {
  size(): number;
  /** Whether a thread of the initiator's waits. */
  has(initiator: string): boolean;
  /** Joins behind all others. */
  join(entry: InLine): void;
  leave(entry: InLine): void;
  /** @param stand where an initiator stands in the ring */
  first(stand: (initiator: string) => number): InLine | undefined;
  /** The oldest of those that wait for their first beginning. */
  oldest(): InLine | undefined;
  /** Those in front, in the order in which they would start if nobody came; at most so many. */
  order(stand: (initiator: string) => number, limit: number): string[];
}

export function createWaitingLine(entries: InLine[]): WaitingLine {
  /** By priority and initiator, each in its order. */
  const lines = new Map<number, Map<string, InLine[]>>();
  const counts = new Map<string, number>();
  let size = 0;

  function join(entry: InLine): void {
    const { priority, initiator } = entry;
    const line = lines.get(priority) ?? new Map<string, InLine[]>();
    lines.set(priority, line);
    const own = line.get(initiator);
    if (own) own.push(entry);
    else line.set(initiator, [entry]);
    counts.set(initiator, (counts.get(initiator) ?? 0) + 1);
    size += 1;
  }

  for (const entry of entries.toSorted((a, b) => a.place - b.place)) join(entry);

  return {
    size() {
      return size;
    },
    has: (initiator) => counts.has(initiator),
    join,
    leave({ thread, priority, initiator }) {
      const line = lines.get(priority);
      const own = line?.get(initiator);
      const at = own?.findIndex((each) => each.thread === thread) ?? -1;
      if (!line || !own || at < 0) return;
      own.splice(at, 1);
      if (!own.length) line.delete(initiator);
      if (!line.size) lines.delete(priority);
      const left = (counts.get(initiator) ?? 0) - 1;
      if (left > 0) counts.set(initiator, left);
      else counts.delete(initiator);
      size -= 1;
    },
    first(stand) {
      if (!size) return undefined;
      return findFirst(lines.get(Math.max(...lines.keys())) ?? new Map(), stand)?.[0];
    },
    oldest() {
      let oldest: InLine | undefined;
      for (const line of lines.values())
        for (const own of line.values()) {
          const first = own.find(({ epoch }) => epoch === 1);
          if (first && (!oldest || first.place < oldest.place)) oldest = first;
        }
      return oldest;
    },
    order(stand, limit) {
      const stands = new Map([...counts.keys()].map((initiator) => [initiator, stand(initiator)]));
      const standNow = (initiator: string): number => stands.get(initiator) ?? 0;
      let last = Math.max(0, ...stands.values());
      const ordered: string[] = [];
      for (const priority of [...lines.keys()].sort((a, b) => b - a)) {
        const left = new Map([...(lines.get(priority) ?? [])].map(([initiator, own]) => [initiator, own.slice(0, limit)]));
        while (left.size && ordered.length < limit) {
          const [next, ...others] = findFirst(left, standNow) as [InLine, ...InLine[]];
          ordered.push(next.thread);
          last += 1;
          stands.set(next.initiator, last);
          if (others.length) left.set(next.initiator, others);
          else left.delete(next.initiator);
        }
      }
      return ordered;
    },
  };
}

function findFirst(line: Map<string, InLine[]>, stand: (initiator: string) => number): InLine[] | undefined {
  let first: { own: InLine[]; at: number } | undefined;
  for (const [initiator, own] of line) {
    const at = stand(initiator);
    if (!first || at < first.at) first = { own, at };
  }
  return first?.own;
}
