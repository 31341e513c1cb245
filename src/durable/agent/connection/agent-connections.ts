/**
 * All by which an agent is connected, sockets, event streams and polls: opened, told of each other, and closed when another takes
 * their place, they fall silent, or their token is void. Knows requests, not events.
 */
import { closeCodes, subprotocol } from "../../../contract/channels.ts";
import type { ServerNote } from "../../../contract/frames/server-frames.ts";
import type { Problem, Result } from "../../../contract/problem.ts";
import type { ObjectContext, ObjectSockets } from "../../host/storage/object-context.ts";
import type { AgentCore } from "../agent-core.ts";
import type { Connections } from "../presence/presence-ports.ts";
import { createClients, describeSecond } from "./clients.ts";
import { type ConnectionWish, readConnectionWish } from "./connection-request.ts";
import { createFloodPause } from "./flood-pause.ts";
import type { Pacer } from "./pacer.ts";
import { findFirstSilence } from "./silence.ts";
import { createSocketFrames, type SocketFrames } from "./socket-frames.ts";
import { createSockets, type Sockets } from "./sockets.ts";
import { createStreams, type Streams } from "./streams.ts";

export interface AgentConnections {
  sockets: Pick<Sockets, "wake" | "close">;
  /** Takes what a socket sends. */
  takeFrame: SocketFrames["take"];
  /** `GET /v1/connect` and `/v1/inbox/stream`. @param proven the hash of the token that the request showed */
  open(request: Request, proven: Result<string>): Response;
  /** Somebody polls. @returns what it is told of other processes */
  notePoll(poll: { client?: string | undefined; replaces?: readonly string[] | undefined }): ServerNote[];
  /** A stream's client acknowledged. */
  hear(connection: string): void;
  /** The client says that it has left these: what they hold is free. */
  replace(names: readonly string[]): void;
  /** The alarm rang: what a silent connection holds goes to another; those that hold nothing are left asleep. */
  closeSilent(): void;
  closeVoid(reason: string): void;
  closeAll(reason: string): void;
  /** Names of the processes that are there. */
  listClients(): string[];
  /** What the connections of others than this process hold. */
  listHeldBeside(client: string): Set<string | null>;
  count(): Connections;
  /** When a connection that holds events will have been silent for too long. */
  silentAt(): number | undefined;
}

export interface ConnectionPorts {
  /** The platform's sockets. */
  platform: ObjectSockets;
  /** Does what makes a frame leave: see {@link ObjectContext.leave}. */
  leave: ObjectContext["leave"];
  /** Made when it is first asked for. */
  agent(): AgentCore;
  pacer: Pacer;
  later(milliseconds: number, work: () => void): void;
  now(): number;
}

export function createAgentConnections({ platform, leave, agent, pacer, later, now }: ConnectionPorts): AgentConnections {
  const clients = createClients(now);
  const floods = createFloodPause(now);
  const frames = createSocketFrames({ sockets: () => sockets, agent, floods, pacer, replace, now });
  const sockets = createSockets({ platform, leave, agent, dropped: frames.drop, now });
  let streams: Streams | undefined;

  function openStreams(): Streams {
    streams ??= createStreams({
      ...{ mailbox: agent().mailbox, later, now },
      written: () => new Promise((resolve) => leave(resolve)),
      alive: () => agent().presence.hear(),
    });
    return streams;
  }

  function listClients(): string[] {
    return clients.list([...sockets.readers().flatMap(({ client }) => client ?? []), ...(streams?.clients() ?? [])]);
  }

  function replace(names: readonly string[]): void {
    if (!names.length) return;
    sockets.replace(names);
    streams?.replace(names);
    agent().supersede(names);
  }

  /** A process connects or polls: the others are told when it is new. @returns what it is told of them */
  function meet(client: string | undefined): ServerNote[] {
    if (client === undefined) return [];
    const there = listClients();
    if (!there.includes(client)) {
      sockets.tell(describeSecond(client));
      streams?.tell(describeSecond(client), () => true);
    }
    return there.filter((other) => other !== client).map(describeSecond);
  }

  /** Another connection or poll of the agent is here: what half-open ones hold is freed for it. */
  function makeWay(replaced: readonly string[]): void {
    streams?.probe();
    sockets.closeQuiet();
    // Free what silent connections hold before the new one reads, so that it gets everything in order.
    replace(replaced);
  }

  function openSocket(request: Request, proven: Result<string>, wish: ConnectionWish): Response {
    const { 0: client, 1: server } = new WebSocketPair();
    const speaks = request.headers.get("sec-websocket-protocol")?.includes(subprotocol);
    const headers = {
      ...(speaks && { "sec-websocket-protocol": subprotocol }),
      ...(!proven.ok && { "x-nerveflare-refused": "1" }),
    };
    const pause = Math.ceil(floods.left() / 1000);
    if (!proven.ok || pause > 0) {
      server.accept();
      if (proven.ok) server.close(closeCodes.rate, `this agent's connections flooded again and again: come back in ${pause} s`);
      else server.close(closeCodes.token, proven.problem.detail);
    } else {
      sockets.makeRoom();
      sockets.open(server, wish, proven.value, meet(wish.client));
      agent().connected();
      agent().watch();
    }
    return new Response(null, { status: 101, webSocket: client, headers });
  }

  function openStream(tokenHash: string, wish: ConnectionWish): Response {
    agent().presence.hear();
    const notes = meet(wish.client);
    const body = openStreams().open({ ...wish, tokenHash });
    agent().connected();
    for (const note of notes) openStreams().tell(note, (client) => client === wish.client);
    agent().watch();
    return new Response(body, { headers: { "content-type": "text/event-stream", "x-accel-buffering": "no" } });
  }

  return {
    sockets,
    takeFrame: frames.take,
    open(request, proven) {
      const wish = readConnectionWish(request);
      if (proven.ok) {
        makeWay(wish.replaces);
        forgetOtherLife(wish, agent());
      }
      if (new URL(request.url).pathname.endsWith("/connect")) return openSocket(request, proven, wish);
      return proven.ok ? openStream(proven.value, wish) : respondProblem(proven.problem);
    },
    notePoll({ client, replaces = [] }) {
      makeWay(replaces);
      const notes = meet(client);
      if (client !== undefined) clients.note(client);
      return notes;
    },
    hear: (connection) => streams?.hear(connection),
    replace,
    closeSilent() {
      sockets.closeSilent();
      streams?.closeSilent();
    },
    closeVoid(reason) {
      sockets.closeVoid(reason);
      streams?.closeVoid((tokenHash) => agent().holds(tokenHash), reason);
    },
    closeAll(reason) {
      sockets.closeAll(reason);
      streams?.closeAll(closeCodes.token, reason);
    },
    listClients,
    listHeldBeside(client) {
      const others = [...sockets.readers(), ...(streams?.readers() ?? [])].filter((reader) => reader.client !== client);
      return new Set(others.flatMap(({ held }) => [...held.values()]));
    },
    count: sockets.count,
    silentAt: () => findFirstSilence([...sockets.readers(), ...(streams?.readers() ?? [])]),
  };
}

/** A number of another life of the mailbox says nothing of what its reader has. */
function forgetOtherLife(wish: ConnectionWish, { mailbox }: Pick<AgentCore, "mailbox">): void {
  if (mailbox.isBeyond(wish.after)) wish.after = 0;
  if (wish.lastEventId !== undefined && mailbox.isBeyond(wish.lastEventId)) wish.lastEventId = undefined;
}

function respondProblem(problem: Problem): Response {
  return Response.json(problem, { status: problem.status, headers: { "content-type": "application/problem+json" } });
}
