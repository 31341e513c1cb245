/** Reads the events in what passes the proxy, on each of the three ways, and changes nothing of it. What it can't read, it passes over. */
import { createEventParser } from "../client/event-parser.ts";
import type { ExchangeKind } from "./fault-plans.ts";
import { chaosLimits } from "./limits.ts";

/** Hears of what passes: JSON as it was sent, not judged. */
export interface Witness {
  /** An event that the agent sends. */
  sent(event: unknown): void;
  /** The server's answer to one: `{id, status}`, or `{id, error}`. */
  answered(answer: unknown): void;
  /** An event that the server gives. */
  given(event: unknown): void;
}

/** Makes a reader for each exchange. */
export interface ReadTraffic {
  call(kind: ExchangeKind): CallReader;
  socket(): { up(piece: Buffer): void; down(piece: Buffer): void };
}

interface CallReader {
  /** The whole request. */
  asked(body: Buffer): void;
  /** A piece of the answer. */
  answered(piece: Buffer): void;
  ended(): void;
}

const nothing = () => {};

/** Reads nothing. */
export const readNothing: ReadTraffic = {
  call: () => ({ asked: nothing, answered: nothing, ended: nothing }),
  socket: () => ({ up: nothing, down: nothing }),
};

/** Reads for a witness. */
export function createTrafficReader(witness: Witness): ReadTraffic {
  return {
    call: (kind) => (kind === "stream" ? readStream(witness) : readCall(witness)),
    socket: () => ({
      up: readFrames((message) => {
        const frame = parse(message);
        if (frame?.type === "event") witness.sent(frame.event);
      }),
      down: readFrames((message) => {
        const frame = parse(message);
        if (frame?.type === "event") witness.given(frame.event);
        if (frame?.type === "accepted" || frame?.type === "rejected") witness.answered(frame);
      }),
    }),
  };
}

function readStream(witness: Witness): CallReader {
  const decoder = new TextDecoder();
  const parser = createEventParser((event, data) => {
    if (event === "event") witness.given(parse(data)?.event);
  });
  return { asked: nothing, answered: (piece) => void parser.take(decoder.decode(piece, { stream: true })), ended: nothing };
}

/** A poll's page, what an agent is told of itself, or the answer to events that were posted, alone or several. */
function readCall(witness: Witness): CallReader {
  const pieces: Buffer[] = [];
  let bytes = 0;
  let posted: { [field: string]: unknown }[] = [];
  return {
    asked(body) {
      posted = listOf(parse(body.toString())).filter((each) => typeof each.type === "string" && typeof each.id === "string");
      for (const event of posted) witness.sent(event);
    },
    answered(piece) {
      bytes += piece.length;
      if (bytes <= chaosLimits.readBytes) pieces.push(piece);
    },
    ended() {
      if (bytes > chaosLimits.readBytes) return;
      const answer = parse(Buffer.concat(pieces).toString());
      if (posted.length > 0) {
        // A refusal of one event is a problem, and does not name it.
        const answers = Array.isArray(answer) ? listOf(answer) : [{ ...answer, id: posted[0]?.id }];
        for (const each of answers) witness.answered(each);
        return;
      }
      for (const item of listOf(answer?.events ?? [])) witness.given(item.event);
      // Of `/v1/me`: who was cut off takes a turn that it has not heard of from there.
      const elsewhere: unknown[] = Array.isArray(answer?.elsewhere) ? answer.elsewhere : [];
      for (const { assignment, ...turn } of listOf(answer?.turns ?? []))
        if (assignment && !elsewhere.includes(turn.turn)) witness.given({ ...assignment, type: "nerve.turn.assigned", data: turn });
    },
  };
}

/** Reads the text messages of one direction of a WebSocket, whatever the pieces they come in. What is larger than any of ours ends the reading. */
export function readFrames(found: (message: string) => void): (piece: Buffer) => void {
  let pieces: Buffer[] = [];
  let size = 0;
  /** Bytes until which there is no frame to look for. */
  let need = 2;
  let text: Buffer[] = [];
  let over = false;
  return (piece) => {
    if (over) return;
    pieces.push(piece);
    size += piece.length;
    if (size < need) return;
    let rest = Buffer.concat(pieces);
    let frame = cutFrame(rest);
    for (; typeof frame === "object"; frame = cutFrame(rest)) {
      rest = rest.subarray(frame.end);
      // Text, and its continuations.
      if (frame.opcode > 1) continue;
      text.push(frame.payload);
      if (!frame.last) continue;
      found(Buffer.concat(text).toString());
      text = [];
    }
    need = frame;
    over = need + text.reduce((sum, part) => sum + part.length, 0) > chaosLimits.readBytes;
    pieces = over ? [] : [rest];
    size = rest.length;
  };
}

/** The first frame, RFC 6455 section 5.2; while it is not there as a whole, how many bytes it takes to know more. */
function cutFrame(bytes: Buffer): { opcode: number; last: boolean; payload: Buffer; end: number } | number {
  if (bytes.length < 2) return 2;
  const [first = 0, second = 0] = bytes;
  const short = second & 0x7f;
  const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
  const masked = (second & 0x80) !== 0;
  const start = 2 + lengthBytes + (masked ? 4 : 0);
  if (bytes.length < start) return start;
  const length = lengthBytes === 0 ? short : lengthBytes === 2 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  const end = start + length;
  if (bytes.length < end) return end;
  const payload = Buffer.from(bytes.subarray(start, end));
  const mask = bytes.subarray(start - 4, start);
  if (masked) for (let index = 0; index < payload.length; index++) payload[index] = (payload[index] ?? 0) ^ (mask[index % 4] ?? 0);
  return { opcode: first & 0x0f, last: (first & 0x80) !== 0, payload, end };
}

function parse(text: string): { [field: string]: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as { [field: string]: unknown }) : undefined;
  } catch {
    return undefined;
  }
}

function listOf(value: unknown): { [field: string]: unknown }[] {
  const list: unknown[] = Array.isArray(value) ? value : [value];
  return list.filter((each) => typeof each === "object" && each !== null) as { [field: string]: unknown }[];
}
