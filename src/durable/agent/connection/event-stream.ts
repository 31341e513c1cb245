/**
 * One server-sent event stream: what was given and not yet read waits here, bounded. Knows `text/event-stream` and time,
 * not mailboxes. The platform reads only what its client takes, and cancels when the client is gone.
 */
import type { InboxItem, ServerNote, StreamMessage, StreamMessageType } from "../../../contract/frames/server-frames.ts";
import { agentLimits } from "../agent-schema.ts";

export interface EventStream {
  readonly body: ReadableStream<Uint8Array>;
  /** Whether it takes more; what is sent nevertheless is kept. */
  ready(): boolean;
  send(item: InboxItem): void;
  /** Says something beside events. */
  tell(note: ServerNote): void;
  /** Writes to a quiet stream, to find out whether its client is still there. */
  probe(): void;
  /** Says why in a last event, then ends. What still waited is not sent: whoever closes gives it to another. */
  end(code: number, reason: string): void;
}

/** Who hears of a stream. */
export interface StreamListener {
  /** The client takes what it is sent. */
  read(): void;
  /** Resolves when all is stored from which what was sent before follows. */
  written(): Promise<void>;
  /** It takes more again. */
  drained(): void;
  /** The client is gone. */
  gone(): void;
  /** The client has read nothing for too long while something waited for it. */
  slow(): void;
  /** Now and then, while it is open. */
  beat(): void;
}

const encoder = new TextEncoder();

/** Says once how long a browser is to wait before it comes back, and brings the headers on their way at once. */
const greeting = `retry: ${agentLimits.streamRetry}\n\n`;

/** Opens a stream. */
export function createEventStream(later: (milliseconds: number, work: () => void) => void, listener: StreamListener): EventStream {
  let waiting: Uint8Array[] = [encoder.encode(greeting)];
  let bytes = 0;
  let wake: (() => void) | undefined;
  let state: "open" | "ending" | "over" = "open";
  let idle = 0;
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;

  const body = new ReadableStream<Uint8Array>(
    {
      start(opened) {
        controller = opened;
      },
      async pull(out) {
        idle = 0;
        if (!waiting.length && state === "open") {
          const { promise, resolve } = Promise.withResolvers<void>();
          wake = resolve;
          await promise;
        }
        await listener.written();
        const next = waiting.shift();
        if (next) {
          const full = bytes >= agentLimits.streamBytes;
          bytes -= next.byteLength;
          out.enqueue(next);
          listener.read();
          if (full && bytes < agentLimits.streamBytes) listener.drained();
        }
        if (state === "ending" && !waiting.length) {
          state = "over";
          out.close();
        }
      },
      cancel() {
        const told = state === "open";
        state = "over";
        waiting = [];
        wake?.();
        if (told) listener.gone();
      },
    },
    // No read-ahead: this module counts the waiting bytes itself.
    { highWaterMark: 0 },
  );

  function write(text: string): void {
    const chunk = encoder.encode(text);
    waiting.push(chunk);
    bytes += chunk.byteLength;
    wake?.();
    wake = undefined;
  }

  /** A comment: readers leave it out. */
  function probe(): void {
    if (state === "open" && !waiting.length) write(":\n\n");
  }

  /** A comment keeps proxies from closing what is quiet; a client that takes nothing is told from one that has nothing to take. */
  function beat(): void {
    if (state === "over") return;
    if (waiting.length) idle += 1;
    else probe();
    if (idle >= agentLimits.streamIdleBeats) {
      if (state === "ending") {
        // The client does not read the closing event either.
        state = "over";
        waiting = [];
        controller?.error(new Error("the client reads nothing"));
        return;
      }
      idle = 0;
      listener.slow();
    }
    if (state === "open") listener.beat();
    later(agentLimits.streamBeat, beat);
  }
  later(agentLimits.streamBeat, beat);

  return {
    body,
    ready() {
      return bytes < agentLimits.streamBytes;
    },
    send({ seq, channel, event }) {
      if (state !== "open") return;
      write(`id: ${seq}\n${describeMessage("event", { seq, channel, event })}`);
    },
    tell(note) {
      if (state === "open") write(describeMessage("note", note));
    },
    probe() {
      probe();
      later(agentLimits.streamProbe, probe);
    },
    end(code, reason) {
      if (state !== "open") return;
      state = "ending";
      waiting = [];
      bytes = 0;
      write(describeMessage("close", { code, reason }));
    },
  };
}

function describeMessage<T extends StreamMessageType>(type: T, data: StreamMessage<T>): string {
  return `event: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
}
