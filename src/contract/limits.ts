/** Every limit on what crosses the wire, each beside its reason, and how texts are measured by them: in bytes of UTF-8. */
export const limits = {
  /** Bytes of one event: an eighth of the platform's 2 MB row, so that an event and its envelope always fit a row. */
  eventBytes: 256 * 1024,
  /** Bytes of one WebSocket frame: an event and its envelope. */
  frameBytes: 260 * 1024,
  /** Events in one batch: a batch is judged event by event within one request's CPU budget. */
  batchEvents: 100,
  /** Bytes of one request body: a full batch of typical events, far under the isolate's 128 MB. */
  bodyBytes: 4 * 1024 * 1024,
  /** Bytes of one workflow file. */
  workflowBytes: 256 * 1024,
  /** Bytes of one CloudEvents attribute, and of a text in the data of `nerve.*`: they are indexed. */
  attributeLength: 1024,
  /** Bytes of `to`: room for 50 addresses of 128 characters. */
  toLength: 8 * 1024,
  /** Depth of nesting in `data`: deeper JSON overflows recursive readers. */
  dataDepth: 64,
  /** Rows of one page when the caller names none, and at most. */
  page: 50,
  pageMax: 200,
  /** Seconds that a poll may wait: under the 30 s at which proxies give up. */
  pollSeconds: 25,
  /** Unacknowledged rows in a mailbox: a month of a busy agent; then senders get `mailbox_full`. */
  mailboxRows: 10_000,
  /** Invalid answers to one turn before its policy acts. */
  invalidAnswers: 3,
  /** Kinds that an agent may declare to accept, and bytes of their schemas: one row of the registry. */
  acceptedKinds: 256,
  acceptsLength: 64 * 1024,
  /** Characters of an idempotency key: a UUID, or a name that a script makes; it is a row's key. */
  idempotencyKeyLength: 255,
  /** Workflows whose types are asked about at once: of each its compiled form is read. */
  typedWorkflows: 20,
  /** Tokens of one answer: a thousand of the largest contexts that models have. More is a mistake of whoever counted. */
  usageTokens: 1_000_000_000,
  /** Cost of one answer, in whatever currency: nine sums of it, in billionths, are still counted exactly. */
  usageCost: 1_000_000,
  /** Days that an agent's event ids are remembered with their answer. */
  idMemoryDays: 30,
} as const;

/** Bounds of JSON Schemas and of judging by them: agents and authors write them, and everybody waits while one is judged. */
export const schemaLimits = {
  /** Schemas inside one schema, and how deep they nest: each is walked when it is given. */
  parts: 5_000,
  depth: 64,
  /** Schemas that may apply to one and the same value, by references and alternatives: what doubles at each step ends here. */
  branches: 2_000,
  /** Characters of one pattern: the longest that generators are known to write has some 1,200. */
  patternLength: 4_096,
  /** Groups inside groups of a pattern: its parser and compiler recurse. */
  patternDepth: 100,
  /** States of one pattern's automaton, and of all in one schema: a character costs at most a step in each. */
  patternStates: 5_000,
  patternStatesTogether: 20_000,
  /** Look-arounds side by side in one pattern: each is a bit. */
  patternLooks: 20,
  /** Steps of one judgement: some 30 ms; a pattern takes two for each character, so that the largest event passes. */
  steps: 1_000_000,
  /** Schemas inside one another while judging, and values inside one another: the judge recurses. Events are bounded tighter. */
  nesting: 1_000,
  /** Misfits that are told, and of one schema its faults: enough to mend it. */
  misfits: 20,
  /** Names among which a misspelt one is sought, and characters of each: each pair costs the product of their lengths. */
  suggestedFrom: 50,
  suggestedLength: 40,
} as const;

const encoder = new TextEncoder();

/** For texts that are needed for a moment only: making room for each would be most of the work. */
const scratch = new Uint8Array(64 * 1024);

/** Bytes of a text. */
export function countBytes(text: string): number {
  // A unit of UTF-16 takes three bytes at most.
  return text.length * 3 <= scratch.length ? encoder.encodeInto(text, scratch).written : encoder.encode(text).byteLength;
}

/** Whether a text has more bytes than that; cheap for texts that clearly do not, or clearly do. */
export function exceedsBytes(text: string, most: number): boolean {
  // A unit of UTF-16 takes one byte at least and three at most.
  if (text.length > most) return true;
  return text.length * 3 > most && countBytes(text) > most;
}

/** The text, cut to so many bytes at most between two letters. */
export function cutToBytes(text: string, most: number): string {
  if (!exceedsBytes(text, most)) return text;
  const { read } = encoder.encodeInto(text, new Uint8Array(most));
  return text.slice(0, read);
}
