/** The WebSocket transport, `nerveflare.v1`: one frame per event and answer, and the bare words `ping` and `pong`. */
import { closeCodes, subprotocol } from "../contract/channels.ts";
import type { PostedEvent } from "../contract/event.ts";
import type { AgentFrame } from "../contract/frames/agent-frames.ts";
import type { ServerFrame, ServerNote } from "../contract/frames/server-frames.ts";
import { createProblem } from "../contract/problem.ts";
import { ClientError, describeError, readProblem, refuseBy } from "./client-error.ts";
import type { Clock } from "./clock.ts";
import { resolveUrl } from "./http.ts";
import { clientLimits } from "./limits.ts";
import { createPendingAnswers, type PendingAnswers } from "./pending-answers.ts";
import { createPingWatch } from "./ping-watch.ts";
import { judgeFailure } from "./poster.ts";
import { type Link, type LinkEnd, type LinkListener, type LinkName, type Transport, writeQuery } from "./transport.ts";

/** A WebSocket, as far as it is used: the global one, and the one of the package `ws`. */
export interface SocketLike {
  send(text: string): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: string, listener: (event: { data?: unknown; code?: number; reason?: string }) => void): void;
}

/** Makes a WebSocket. */
export type SocketConstructor = new (url: string, protocols: string[]) => SocketLike;

/** What the socket transport needs. */
export interface SocketOptions {
  url: string;
  /** The token; or, where it should stay out of the handshake or may change, what gets a ticket for one socket, by HTTP. */
  proof: string | (() => Promise<string>);
  channels: readonly string[];
  WebSocket: SocketConstructor;
  clock: Clock;
}

/**
 * Makes the WebSocket transport. A global WebSocket cannot send headers, so the token travels as second subprotocol, or a ticket in the
 * address. What keeps a ticket from being given tells more than a handshake, of which a browser says only that it failed.
 */
export function createSocketTransport(options: SocketOptions): Transport {
  return { name: "socket", open: (listener, as) => openSocket(options, listener, as) };
}

function openSocket({ url, proof, channels, WebSocket, clock }: SocketOptions, listener: LinkListener, as: LinkName): Link {
  const pending = createPendingAnswers(clock);
  const pings = createPingWatch(
    clock,
    () => write("ping"),
    () => end({ why: "lost", detail: "the server fell silent: a ping was not answered" }),
  );
  let socket: SocketLike | undefined;
  let opened = false;
  let over = false;
  const stopOpening = clock.after(clientLimits.openMs, () => end({ why: "unsupported", detail: "the socket did not open in time" }));

  function end(reason?: LinkEnd) {
    if (over) return;
    over = true;
    stopOpening();
    pings.stop();
    pending.fail();
    try {
      socket?.close(1000);
    } catch {
      // A socket that is still opening may refuse; it is given up either way.
    }
    if (reason) listener.ended(reason);
  }

  function write(text: string) {
    try {
      socket?.send(text);
    } catch (error) {
      end({ why: "lost", detail: describeError(error) });
    }
  }

  function receive(text: unknown) {
    if (over || typeof text !== "string") return;
    if (text === "pong") return pings.hear(true);
    const frame = parseFrame(text);
    pings.hear(frame?.type === "accepted" || frame?.type === "rejected");
    if (frame) takeFrame(frame, listener, pending);
  }

  function dial(query: string, ...protocols: string[]) {
    if (over) return;
    try {
      socket = new WebSocket(`${connectUrl(url, channels, as)}${query}`, [subprotocol, ...protocols]);
      socket.addEventListener("open", () => {
        if (over) return;
        opened = true;
        stopOpening();
        pings.start();
        listener.opened();
      });
      socket.addEventListener("message", ({ data }) => receive(data));
      socket.addEventListener("close", ({ code, reason }) => {
        const judged = judgeClose(code ?? 1006, reason ?? "", opened);
        // The ticket may have grown old on the way. Of the token, the next ticket tells.
        end(typeof proof !== "string" && judged.why === "token" ? { ...judged, why: "lost" } : judged);
      });
      // What went wrong is told by `close`, which follows; an unheard `error` of the package `ws` would end the process.
      socket.addEventListener("error", () => {});
    } catch (error) {
      // A constructor throws for what it cannot do at all, such as a token that is no legal subprotocol. Never from within `open`.
      clock.after(0, () => end({ why: "unsupported", detail: describeError(error) }));
    }
  }

  if (typeof proof === "string") dial("", proof);
  else
    proof().then(
      (ticket) => dial(`&ticket=${encodeURIComponent(ticket)}`),
      (error: unknown) => end(judgeTicket(error)),
    );

  const isOpen = () => opened && !over;
  const sendFrame = (frame: AgentFrame) => write(JSON.stringify(frame));
  return {
    async send(event: PostedEvent) {
      if (!isOpen()) throw new ClientError("network", "the connection is not open");
      const answer = pending.wait(event.id);
      sendFrame({ type: "event", event });
      return answer;
    },
    async ack(seqs: number[]) {
      if (!isOpen()) return false;
      sendFrame({ type: "ack", seqs });
      return true;
    },
    replace(connection: string) {
      if (isOpen()) sendFrame({ type: "ack", seqs: [], replaces: connection });
    },
    beat: pings.beat,
    close: () => end(),
  };
}

/** What keeps a ticket from being given keeps the other ways from opening, too; but for a server, or a proxy, that gives none. */
function judgeTicket(error: unknown): LinkEnd {
  const end = judgeFailure(error);
  const isAnswered = end.why === "lost" && error instanceof ClientError && error.problem !== undefined && !error.retryable;
  return isAnswered ? { ...end, why: "unsupported" } : end;
}

/** Hands on what a frame says. */
function takeFrame(frame: ServerFrame, listener: LinkListener, pending: PendingAnswers): void {
  switch (frame.type) {
    case "note":
      if (isNote(frame)) listener.noted(frame);
      return;
    case "event":
      if (isEvent(frame.event)) listener.delivered({ seq: frame.seq, channel: frame.channel, event: frame.event });
      return;
    case "rejected":
      pending.settle(frame.id)?.reject(refuseBy(readProblem(frame.error) ?? createProblem("bug", "the server refused without a reason")));
      return;
    case "accepted": {
      const { type: _, ...answer } = frame;
      pending.settle(frame.id)?.resolve({ ...answer, status: "accepted", threads: frame.threads ?? [], notes: frame.notes ?? [] });
      return;
    }
    default:
      // Of a newer server.
      frame satisfies never;
  }
}

function connectUrl(base: string, channels: readonly string[], as: LinkName): string {
  return resolveUrl(base, `v1/connect?${writeQuery(channels, as)}`).replace(/^http/, "ws");
}

/** What a close code means; undefined for those that are not ours. */
export function judgeCode(code: unknown): LinkEnd["why"] | undefined {
  if (code === closeCodes.token) return "token";
  if (code === closeCodes.replaced) return "replaced";
  if (code === closeCodes.tooSlow) return "slow";
  return code === closeCodes.rate ? "rate" : undefined;
}

/** What has no identity can neither be handed on once nor be told apart. */
export function isEvent(event: unknown): boolean {
  return typeof event === "object" && event !== null && "id" in event && "type" in event && typeof event.type === "string";
}

/** A note that can be told from another. */
export function isNote(note: unknown): note is ServerNote {
  return typeof note === "object" && note !== null && "detail" in note && typeof note.detail === "string" && "about" in note;
}

/** A frame that is no JSON, or of a type that this version does not know, is none: newer servers may say more. */
function parseFrame(text: string): ServerFrame | undefined {
  try {
    const frame: unknown = JSON.parse(text);
    return typeof frame === "object" && frame !== null ? (frame as ServerFrame) : undefined;
  } catch {
    return undefined;
  }
}

function judgeClose(code: number, reason: string, opened: boolean): LinkEnd {
  const detail = `the server closed the socket: ${code}${reason ? ` ${reason}` : ""}`;
  const why = judgeCode(code);
  if (why) return { why, detail };
  // The handshake's HTTP status is hidden from a WebSocket client: polling will find out what is wrong.
  return opened ? { why: "lost", detail } : { why: "unsupported", detail: "the socket could not be opened" };
}
