/**
 * What one commit adds to its object's journal: the steps of its actors, the messages that leave, and what the log shall say.
 * Knows the journal, no receivers.
 */
import type { Json } from "../../contract/event.ts";
import { countBytes, exceedsBytes } from "../../contract/limits.ts";
import type { Message } from "../protocol/envelope.ts";
import type { ActorEvent } from "./effects.ts";
import { hostLimits } from "./limits.ts";
import type { Journal } from "./store/journal.ts";

/** A step of an actor. */
export interface StepFact {
  actor: string;
  revision: number;
  /** The state's value after it. */
  after: Json;
  /** As plain data; of what is too long the types only. */
  effects: Json[];
  /** Of what is too long the type only. */
  event: ActorEvent;
  /** What of its context the step changed, where its logic notes that. */
  context?: { [key: string]: Json };
}

/** A message that leaves. */
export interface OutFact {
  /** Absent: the object itself. */
  sender?: string;
  /** Null: refused for good. */
  to: (string | null)[];
  message: Message;
  /** Several receivers, between whom no order is promised. */
  spread?: true;
  /** Its number, where the entry does not give it: it had left before it came into the journal. */
  id?: number;
}

/** An entry of an object's journal; what it does not say is absent. */
export interface Entry {
  steps?: StepFact[];
  out?: OutFact[];
  /** Rows for the log and the index. */
  log?: unknown[];
}

/** What of an entry a reader works on. */
export interface Added<Part> {
  seq: number;
  parts: Part[];
  /** Bytes of the entry. */
  size: number;
}

export interface AddedEntry {
  seq: number;
  out: OutFact[];
  log: unknown[];
  size: number;
}

/** Gathers the present transaction's facts, and writes them last in it. */
export interface EntryWriter {
  /** Keeps what it is given until then: nobody may change it meanwhile. */
  step(fact: StepFact): void;
  send(fact: OutFact): void;
  /** Puts it right behind the last that the present transaction says to its one receiver. @returns false: it has said nothing to it */
  sendNext(fact: OutFact): boolean;
  log(rows: unknown[]): void;
  /** Steps of the present transaction, in order. */
  steps(): readonly StepFact[];
  isEmpty(): boolean;
  /** Writes all of it: one entry, or as many as rows are bounded. @returns them */
  write(now: number): AddedEntry[];
  clear(): void;
}

/** Messages of one entry, by which they are numbered. */
const messagesPerEntry = 4_096;

/** The number of a message: it only grows with the object's journal, so that a receiver needs one per sender to know a repeat. */
export function numberMessage(seq: number, index: number): number {
  return seq * messagesPerEntry + index;
}

/** The first entry whose messages are numbered higher. */
export function findEntryAfter(id: number): number {
  return Math.floor(id / messagesPerEntry) + 1;
}

/** A fact with its text. */
interface Part {
  kind: keyof Entry;
  fact: unknown;
  text: string;
}

export function createEntryWriter(journal: Journal<Entry>): EntryWriter {
  let steps: StepFact[] = [];
  let out: OutFact[] = [];
  let log: unknown[] = [];

  const join = (texts: { [kind in keyof Entry]: string }): string =>
    `{${Object.entries(texts)
      .map(([kind, text]) => `"${kind}":${text}`)
      .join(",")}}`;

  function clear(): void {
    steps = [];
    out = [];
    log = [];
  }

  function writeWhole(now: number): AddedEntry[] | undefined {
    if (out.length > messagesPerEntry) return undefined;
    const text = JSON.stringify({ ...(steps.length && { steps }), ...(out.length && { out }), ...(log.length && { log }) });
    // A step that is too long may be in it.
    if (exceedsBytes(text, steps.length ? hostLimits.historyBytes : hostLimits.entryBytes)) return undefined;
    return [{ seq: journal.append(text, now), out, log, size: countBytes(text) }];
  }

  /** Fact by fact. Each fits, since an event does; what doesn't, the store refuses with all of its transaction. */
  function writeParts(now: number): AddedEntry[] {
    const parts: Part[] = [
      ...steps.map((fact): Part => ({ kind: "steps", fact, text: describeStep(fact) })),
      ...out.map((fact): Part => ({ kind: "out", fact, text: JSON.stringify(fact) })),
      ...log.map((fact): Part => ({ kind: "log", fact, text: JSON.stringify(fact) })),
    ];
    const groups: Part[][] = [];
    let room = 0;
    for (const part of parts) {
      const bytes = countBytes(part.text) + 1;
      const last = groups.at(-1);
      if (last && bytes <= room && last.length < messagesPerEntry) {
        last.push(part);
        room -= bytes;
      } else {
        groups.push([part]);
        room = hostLimits.entryBytes - bytes;
      }
    }
    return groups.map((group) => {
      const texts: { [kind in keyof Entry]: string } = {};
      for (const kind of ["steps", "out", "log"] as const) {
        const found = group.filter((part) => part.kind === kind);
        if (found.length) texts[kind] = `[${found.map(({ text }) => text).join(",")}]`;
      }
      const text = join(texts);
      const factsOf = (kind: keyof Entry): unknown[] => group.filter((part) => part.kind === kind).map(({ fact }) => fact);
      return { seq: journal.append(text, now), out: factsOf("out") as OutFact[], log: factsOf("log"), size: countBytes(text) };
    });
  }

  return {
    step: (fact) => void steps.push(fact),
    send: (fact) => void out.push(fact),
    sendNext(fact) {
      const last = out.findLastIndex(({ to }) => to.length === 1 && to[0] === fact.to[0]);
      if (last >= 0) out.splice(last + 1, 0, fact);
      return last >= 0;
    },
    log: (rows) => void log.push(...rows),
    steps() {
      return steps;
    },
    isEmpty() {
      return !steps.length && !out.length && !log.length;
    },
    write(now) {
      if (!steps.length && !out.length && !log.length) return [];
      const written = writeWhole(now) ?? writeParts(now);
      clear();
      return written;
    },
    clear,
  };
}

/** A step as it is stored: people read it, and a row is bounded. */
function describeStep({ event, ...facts }: StepFact): string {
  let text = JSON.stringify(facts);
  if (exceedsBytes(text, hostLimits.historyBytes)) {
    const effects = JSON.stringify(facts.effects);
    if (exceedsBytes(effects, hostLimits.historyBytes)) {
      const cut = countBytes(effects);
      text = JSON.stringify({ ...facts, effects: facts.effects.map((effect) => ({ type: (effect as { type: string }).type, cut })) });
    }
  }
  const whole = JSON.stringify(event);
  const isLong = exceedsBytes(whole, hostLimits.historyBytes);
  const eventText = isLong ? JSON.stringify({ type: event.type, cut: countBytes(whole) }) : whole;
  return `${text.slice(0, -1)},"event":${eventText}}`;
}
