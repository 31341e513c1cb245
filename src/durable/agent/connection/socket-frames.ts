/** What an agent's sockets send: each frame read, taken in turn, and answered. A socket that floods is closed. */

import { closeCodes } from "../../../contract/channels.ts";
import type { AgentFrameOf } from "../../../contract/frames/agent-frames.ts";
import type { createProblem } from "../../../contract/problem.ts";
import type { AgentCore } from "../agent-core.ts";
import { agentLimits } from "../agent-schema.ts";
import type { FloodPause } from "./flood-pause.ts";
import { createFrameIntake } from "./frame-intake.ts";
import type { Pacer } from "./pacer.ts";
import { readFrame } from "./read-frame.ts";
import type { Sockets } from "./sockets.ts";

export interface SocketFrames {
  /** @returns resolves once the frame was dealt with */
  take(socket: WebSocket, data: string | ArrayBuffer): Promise<void> | undefined;
  /** Forgets what a socket sent that nobody has looked at. */
  drop(socket: WebSocket): void;
}

export interface SocketFramePorts {
  sockets(): Pick<Sockets, "find" | "close" | "send">;
  agent(): Pick<AgentCore, "accept" | "note" | "flooded">;
  floods: Pick<FloodPause, "note">;
  pacer: Pacer;
  /** The client says that it has left a connection. */
  replace(names: readonly string[]): void;
  now(): number;
}

export function createSocketFrames({ sockets, agent, floods, pacer, replace, now }: SocketFramePorts): SocketFrames {
  const intake = createFrameIntake<WebSocket>(read, pacer);

  function closeFlooding(socket: WebSocket, reason: string): void {
    floods.note();
    sockets().close(socket, closeCodes.rate, reason);
  }

  function reject(socket: WebSocket, id: string | null, error: ReturnType<typeof createProblem>): void {
    sockets().send(socket, { type: "rejected", id, error });
  }

  function read(socket: WebSocket, data: string | ArrayBuffer): Promise<void> | undefined {
    const connection = sockets().find(socket);
    if (!connection) return undefined;
    const frame = readFrame(data);
    if (!frame.ok) {
      connection.misread += 1;
      if (connection.misread <= agentLimits.framesMisread) reject(socket, null, frame.problem);
      else closeFlooding(socket, `${agentLimits.framesMisread} frames in a row could not be read`);
      return undefined;
    }
    connection.misread = 0;
    switch (frame.value.type) {
      case "ack":
        agent().note(frame.value);
        if (frame.value.replaces !== undefined) replace([frame.value.replaces]);
        return undefined;
      case "event":
        return takeEvent(socket, connection.tokenHash, frame.value);
      default:
        frame.value satisfies never;
        return undefined;
    }
  }

  async function takeEvent(socket: WebSocket, tokenHash: string, { event }: AgentFrameOf<"event">): Promise<void> {
    const answers = await agent().accept({ tokenHash }, [event]);
    if (!answers.ok) return sockets().close(socket, closeCodes.token, answers.problem.detail);
    for (const answer of answers.value) {
      if (answer.status === "accepted") sockets().send(socket, { type: "accepted", ...answer });
      else reject(socket, answer.id, answer.error);
    }
    if (agent().flooded()) closeFlooding(socket, "too much, too fast: wait as told");
  }

  return {
    take(socket, data) {
      // Ignore frames of a closed socket: its token may be void.
      const connection = sockets().find(socket);
      if (!connection) return undefined;
      connection.hear(now());
      const taken = intake.take(socket, data);
      if (!taken) closeFlooding(socket, `more than ${agentLimits.framesUnderWay} frames wait for their answers: send fewer at once`);
      return taken;
    },
    drop: intake.drop,
  };
}
