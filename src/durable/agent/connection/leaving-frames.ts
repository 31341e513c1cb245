/** In which order the frames of an agent's sockets leave, together with those of other agents. Knows no frame's contents. */
import type { ObjectContext } from "../../host/storage/object-context.ts";

export interface LeavingFrames {
  send(socket: WebSocket, text: string): void;
  /**
   * Sends what nobody waits for to go on: behind all that leaves at the same time by other sockets, for each frame costs those behind it
   * the time of a call to the system. On its own socket it keeps its place.
   */
  sendLast(socket: WebSocket, text: string): void;
  close(socket: WebSocket, code: number, reason?: string): void;
}

/** @param leave does what makes a frame leave */
export function createLeavingFrames(leave: ObjectContext["leave"]): LeavingFrames {
  const last = new Map<WebSocket, string[]>();

  function push(socket: WebSocket, text: string): void {
    try {
      socket.send(text);
    } catch {
      // The socket is dead: its close event follows, and its items go to another connection.
    }
  }

  function pushLast(socket: WebSocket): void {
    const texts = last.get(socket);
    if (!texts) return;
    last.delete(socket);
    for (const text of texts) push(socket, text);
  }

  return {
    send(socket, text) {
      leave(() => {
        pushLast(socket);
        push(socket, text);
      });
    },
    sendLast(socket, text) {
      leave(() => {
        const texts = last.get(socket);
        if (texts) texts.push(text);
        else {
          last.set(socket, [text]);
          queueMicrotask(() => pushLast(socket));
        }
      });
    },
    close(socket, code, reason) {
      leave(() => {
        pushLast(socket);
        try {
          socket.close(code, reason);
        } catch {
          // It is closed already.
        }
      });
    },
  };
}
