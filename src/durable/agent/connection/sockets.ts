/** The open sockets of one agent, which the platform keeps while its object sleeps. Knows sockets and readers, not what they send. */
import { closeCodes } from "../../../contract/channels.ts";
import type { ServerFrame, ServerNote } from "../../../contract/frames/server-frames.ts";
import type { ObjectContext, ObjectSockets } from "../../host/storage/object-context.ts";
import type { AgentCore } from "../agent-core.ts";
import { agentLimits } from "../agent-schema.ts";
import type { Connections } from "../presence/presence-ports.ts";
import type { ConnectionWish } from "./connection-request.ts";
import { createLeavingFrames } from "./leaving-frames.ts";
import { isSilent } from "./silence.ts";
import { type Attachment, createSocketConnection, type SocketConnection } from "./socket-connection.ts";

export interface Sockets {
  /** Takes up those that were open while the object slept. */
  wake(): void;
  /** The oldest gives way to a new one: a client that lost its connection may not have closed it. */
  makeRoom(): void;
  /** @param notes what the client is told first */
  open(server: WebSocket, wish: ConnectionWish, tokenHash: string, notes: ServerNote[]): void;
  send(socket: WebSocket, frame: ServerFrame): void;
  /** Undefined: it was closed, and has no say any more. */
  find(socket: WebSocket): SocketConnection | undefined;
  close(socket: WebSocket, code: number, reason?: string): void;
  /** Closes those of these names: their client is here by another connection. */
  replace(names: readonly string[]): void;
  /** Tells the processes that name themselves something beside events. */
  tell(note: ServerNote): void;
  /** Closes those that hold events and are silent; who holds nothing may sleep. */
  closeSilent(): void;
  /** Closes those that gave no sign of life, holding events or not: another connection of the agent did. */
  closeQuiet(): void;
  /** Closes connections whose token is not valid any more. */
  closeVoid(reason: string): void;
  closeAll(reason: string): void;
  readers(): readonly SocketConnection[];
  /** How many are open, and when the newest was pinged. */
  count(): Connections;
}

export interface SocketPorts {
  /** The platform's sockets. */
  platform: ObjectSockets;
  /** Does what makes a frame leave. */
  leave: ObjectContext["leave"];
  agent(): Pick<AgentCore, "mailbox" | "presence" | "holds">;
  /** A socket was closed: drops its frames that still wait. */
  dropped(socket: WebSocket): void;
  now(): number;
}

export function createSockets({ platform, leave, agent, dropped, now }: SocketPorts): Sockets {
  const open = new Map<WebSocket, SocketConnection>();
  const frames = createLeavingFrames(leave);

  function connect(socket: WebSocket, attachment: Attachment): SocketConnection {
    const connection = createSocketConnection(socket, attachment, {
      mailbox: agent().mailbox,
      send: (text) => frames.send(socket, text),
      readPing: () => platform.readPing(socket),
      // Deferred: the mailbox is still handling this reader.
      tooSlow: () => queueMicrotask(() => close(socket, closeCodes.tooSlow, "nothing was acknowledged for too long; poll instead")),
    });
    open.set(socket, connection);
    return connection;
  }

  function send(socket: WebSocket, frame: ServerFrame): void {
    const text = JSON.stringify(frame);
    if (frame.type === "accepted") frames.sendLast(socket, text);
    else frames.send(socket, text);
  }

  function listByAge(): [WebSocket, SocketConnection][] {
    return [...open].sort(([, a], [, b]) => a.order - b.order);
  }

  function close(socket: WebSocket, code: number, reason?: string): void {
    // Read the last ping first: the platform forgets it with the socket.
    const pinged = platform.readPing(socket);
    const connection = open.get(socket);
    if (connection) {
      open.delete(socket);
      dropped(socket);
      agent().mailbox.detach(connection);
      connection.release();
    }
    frames.close(socket, code, reason);
    agent().presence.noteDisconnected(pinged);
  }

  function closeWhere(isMeant: (connection: SocketConnection) => boolean, code: number, reason: string): void {
    // The newest first: after a wake an older one seems to hold as well what only that one was given.
    for (const [socket, connection] of listByAge().toReversed()) if (isMeant(connection)) close(socket, code, reason);
  }

  return {
    wake() {
      const asleep = platform.list().map((socket) => ({ socket, attachment: socket.deserializeAttachment() as Attachment }));
      if (!asleep.length) return;
      agent().mailbox.resumeNumbers(asleep.map(({ attachment }) => attachment.numbers));
      const awake = asleep.map(({ socket, attachment }) => connect(socket, attachment));
      // Attach all together, so that none is given what another one holds.
      agent().mailbox.attach(...awake.toSorted((a, b) => a.order - b.order));
    },
    makeRoom() {
      for (const [socket] of listByAge().slice(0, Math.max(0, open.size - agentLimits.sockets + 1)))
        close(socket, closeCodes.replaced, "a newer connection took its place");
    },
    open(server, { channels, after, connection, client }, tokenHash, notes) {
      platform.accept(server);
      const order = (listByAge().at(-1)?.[1].order ?? 0) + 1;
      for (const note of notes) send(server, { type: "note", ...note });
      agent().mailbox.attach(connect(server, { channels, after, through: after, tokenHash, connection, client, since: now(), order }));
      agent().presence.noteConnected();
    },
    send,
    find: (socket) => open.get(socket),
    close,
    replace: (names) =>
      closeWhere(
        ({ connection }) => connection !== undefined && names.includes(connection),
        closeCodes.replaced,
        "its client came back by another connection",
      ),
    tell(note) {
      for (const [socket, { client }] of open) if (client !== undefined) send(socket, { type: "note", ...note });
    },
    closeSilent: () => closeWhere((each) => isSilent(each, now()), closeCodes.replaced, "it holds events and gave no sign of life"),
    closeQuiet: () =>
      closeWhere(
        (socket) => now() - socket.lastSign() > agentLimits.silent,
        closeCodes.replaced,
        "it gave no sign of life, and another connection did",
      ),
    closeVoid: (reason) => closeWhere(({ tokenHash }) => !agent().holds(tokenHash), closeCodes.token, reason),
    closeAll(reason) {
      // Including sockets without a reader.
      for (const socket of platform.list()) close(socket, closeCodes.token, reason);
    },
    readers() {
      return [...open.values()];
    },
    count() {
      let count = 0;
      let pinged = 0;
      for (const socket of platform.list()) {
        if (socket.readyState !== WebSocket.OPEN) continue;
        count += 1;
        pinged = Math.max(pinged, platform.readPing(socket));
      }
      return pinged > 0 ? { count, pinged } : { count };
    },
  };
}
