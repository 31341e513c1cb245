/**
 * The transport by server-sent events: one long response that events come down, answers and acknowledgements by POST. For
 * networks that bear no WebSocket. Reads by `fetch`, since an EventSource can send no token.
 */
import type { StreamMessage, StreamMessageType } from "../contract/frames/server-frames.ts";
import { ClientError, describeError } from "./client-error.ts";
import { afterSilence, type Clock } from "./clock.ts";
import { createEventParser } from "./event-parser.ts";
import type { HttpCaller } from "./http.ts";
import { clientLimits } from "./limits.ts";
import { createPoster, judgeFailure } from "./poster.ts";
import { isEvent, isNote, judgeCode } from "./socket-transport.ts";
import { type Link, type LinkEnd, type LinkListener, type LinkName, type Transport, writeQuery } from "./transport.ts";

/** What the transport needs. */
export interface SseOptions {
  http: HttpCaller;
  channels: readonly string[];
  /** The token may change: a stream that ended with it goes on with the next. */
  renews?: boolean;
  clock: Clock;
}

/** Makes the transport by server-sent events. */
export function createSseTransport(options: SseOptions): Transport {
  return { name: "sse", open: (listener, as) => openStream(options, listener, as) };
}

function openStream({ http, channels, renews, clock }: SseOptions, listener: LinkListener, as: LinkName): Link {
  const controller = new AbortController();
  const poster = createPoster(http, controller.signal, as.connection);
  let opened = false;
  let over = false;
  let everyMs: number = clientLimits.pingMs;
  let stopBeat = () => {};
  /** Runs from a beat until it is answered. */
  let stopPong: (() => void) | undefined;
  let stopWatch = clock.after(clientLimits.openMs, () => end({ why: "unsupported", detail: "the stream did not open in time" }));

  function end(reason?: LinkEnd) {
    if (over) return;
    over = true;
    stopWatch();
    stopBeat();
    stopPong?.();
    controller.abort(new ClientError("network", "the connection was closed"));
    poster.close();
    if (reason) listener.ended(reason);
  }

  /** The server says something at least every 5 s: what is silent for longer is dead, however open it looks. */
  function watch() {
    stopWatch();
    stopWatch = afterSilence(clock, clientLimits.streamSilenceMs, () => end({ why: "lost", detail: "the server fell silent" }));
  }

  /** To the server only what we send is a sign of our life; acknowledging nothing is the least of it. */
  function scheduleBeat() {
    stopBeat();
    stopBeat = clock.after(everyMs, () => {
      scheduleBeat();
      beat();
    });
  }

  function beat() {
    if (stopPong) return;
    stopPong = afterSilence(clock, clientLimits.pongMs, () => end({ why: "lost", detail: "the server did not answer a sign of life" }));
    void poster.beat().then(() => {
      stopPong?.();
      stopPong = undefined;
    });
  }

  function receive(event: string, data: string) {
    const value = parse(data);
    const kind = event as StreamMessageType;
    switch (kind) {
      case "close": {
        const { code, reason } = (value ?? {}) as Partial<StreamMessage<"close">>;
        const why = judgeCode(code) ?? "lost";
        return end({ why: why === "token" && renews ? "lost" : why, detail: `the server closed the stream: ${code} ${reason}` });
      }
      case "note":
        if (isNote(value)) listener.noted(value);
        return;
      case "event": {
        const item = value as StreamMessage<"event"> | undefined;
        if (item && isEvent(item.event)) listener.delivered({ seq: item.seq, channel: item.channel, event: item.event });
        return;
      }
      default: {
        // Of a newer server.
        kind satisfies never;
      }
    }
  }

  async function read() {
    const resume: Record<string, string> = as.lastEventId === undefined ? {} : { "last-event-id": String(as.lastEventId) };
    const body = await http.stream(`v1/inbox/stream?${writeQuery(channels, as)}`, controller.signal, resume);
    const parser = createEventParser(receive);
    const decoder = new TextDecoder();
    const reader = body.getReader();
    for (let part = await reader.read(); !part.done && !over; part = await reader.read()) {
      if (!opened) {
        // A proxy that keeps a response back until it is whole has let the first word through.
        opened = true;
        scheduleBeat();
        listener.opened();
      }
      watch();
      if (!parser.take(decoder.decode(part.value, { stream: true }))) throw new ClientError("network", "an event was too large");
    }
    end({ why: "lost", detail: "the server ended the stream" });
  }

  void read().catch((error: unknown) => {
    const failure = judgeFailure(error);
    // Whatever else is wrong with this way shows as well in the next.
    end(opened || failure.why !== "lost" ? failure : { why: "unsupported", detail: describeError(error) });
  });

  return {
    send: poster.send,
    ack: poster.ack,
    replace: (connection) => void poster.beat(connection),
    beat(ms) {
      if (ms === everyMs) return;
      everyMs = ms;
      if (opened && !over) scheduleBeat();
    },
    close: () => end(),
  };
}

function parse(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    return undefined;
  }
}
