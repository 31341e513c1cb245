/**
 * What was acknowledged or answered and is not written yet: memory that rides along with the next commit. Lost with a
 * transaction that is rolled back: then what was acknowledged is given once more. Knows numbers and ids, not rows.
 */
import { agentLimits } from "../agent-schema.ts";

export interface MailNotes {
  size(): number;
  noteAcked(seq: number): void;
  noteEnded(turn: string): void;
  /** Remembers the turn as answered, noted or not. */
  noteAnswered(turn: string): void;
  isAcked(seq: number): boolean;
  isEnded(about: string | null): boolean;
  /** Whether the turn was answered lately: if it is stored after its answer, don't show it. */
  isAnswered(turn: string | undefined): boolean;
  acked(): ReadonlySet<number>;
  ended(): readonly string[];
  /** They are written. */
  clear(): void;
}

export function createMailNotes(): MailNotes {
  let acked = new Set<number>();
  let ended: string[] = [];
  const answered = new Set<string>();
  return {
    size() {
      return acked.size + ended.length;
    },
    noteAcked: (seq) => void acked.add(seq),
    noteEnded: (turn) => void ended.push(turn),
    noteAnswered(turn) {
      answered.add(turn);
      if (answered.size > agentLimits.sendersInMemory) answered.delete(answered.keys().next().value as string);
    },
    isAcked: (seq) => acked.has(seq),
    isEnded: (about) => about !== null && ended.includes(about),
    isAnswered: (turn) => turn !== undefined && answered.has(turn),
    acked() {
      return acked;
    },
    ended() {
      return ended;
    },
    clear() {
      acked = new Set();
      ended = [];
    },
  };
}
