/**
 * Takes what connections send a few frames at a time, each connection in turn, with a pause after them in which whoever else
 * shares the process is served: workerd hands over all that a socket holds before it looks at any other. Memory only.
 */
import { agentLimits } from "../agent-schema.ts";
import type { Pacer } from "./pacer.ts";

type Frame = string | ArrayBuffer;

export interface FrameIntake<Connection> {
  /**
   * Queues a frame.
   * @returns resolves once the frame was dealt with; undefined: more waits than a connection may have, and this one is not kept
   */
  take(connection: Connection, frame: Frame): Promise<void> | undefined;
  /** Forgets what a connection sent that nobody has looked at. */
  drop(connection: Connection): void;
}

interface Waiting {
  frame: Frame;
  size: number;
  done(): void;
}

/** What one connection has sent. */
interface Window {
  waiting: Waiting[];
  /** Frames that are being dealt with. */
  underWay: number;
}

/**
 * @param handle deals with a frame; it may take as long as other objects take
 * @param pacer of the object: whatever its agent asks for is paced together
 */
export function createFrameIntake<Connection>(
  handle: (connection: Connection, frame: Frame) => Promise<void> | undefined,
  pacer: Pacer,
): FrameIntake<Connection> {
  const windows = new Map<Connection, Window>();
  let bytes = 0;
  let underWay = 0;
  let draining = false;
  /** Calls back when a frame was dealt with. */
  let room: (() => void) | undefined;

  async function drain(): Promise<void> {
    draining = true;
    for (let next = findNext(); next; next = findNext()) {
      while (underWay >= agentLimits.framesAtOnce) await new Promise<void>((resolve) => (room = resolve));
      await pacer.take(next.window.waiting[0]?.size);
      // The connection may have closed meanwhile.
      const waiting = next.window.waiting.shift();
      if (!waiting) continue;
      bytes -= waiting.size;
      void run(next.connection, next.window, waiting.frame).finally(waiting.done);
    }
    draining = false;
  }

  /** The connection that waited longest for its turn. */
  function findNext(): { connection: Connection; window: Window } | undefined {
    for (const [connection, window] of windows) {
      if (!window.waiting.length) continue;
      // Move this connection behind the others, so that each gets its turn.
      windows.delete(connection);
      windows.set(connection, window);
      return { connection, window };
    }
    return undefined;
  }

  async function run(connection: Connection, window: Window, frame: Frame): Promise<void> {
    window.underWay += 1;
    underWay += 1;
    try {
      await handle(connection, frame);
    } finally {
      window.underWay -= 1;
      underWay -= 1;
      if (!window.waiting.length && !window.underWay && windows.get(connection) === window) windows.delete(connection);
      room?.();
    }
  }

  return {
    take(connection, frame) {
      const window = windows.get(connection) ?? { waiting: [], underWay: 0 };
      const size = measure(frame);
      if (window.waiting.length + window.underWay >= agentLimits.framesUnderWay || bytes + size > agentLimits.framesBytes) return undefined;
      windows.set(connection, window);
      // Nothing waits that came before it.
      if (!draining && underWay < agentLimits.framesAtOnce && pacer.takeNow(size)) return run(connection, window, frame);
      bytes += size;
      const { promise, resolve: done } = Promise.withResolvers<void>();
      window.waiting.push({ frame, size, done });
      if (!draining) void drain();
      return promise;
    },
    drop(connection) {
      const window = windows.get(connection);
      if (!window) return;
      windows.delete(connection);
      for (const { size, done } of window.waiting.splice(0)) {
        bytes -= size;
        done();
      }
    },
  };
}

function measure(frame: Frame): number {
  return typeof frame === "string" ? frame.length : frame.byteLength;
}
