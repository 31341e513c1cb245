/** Events that were sent and wait for the server's answer, each for so long. */
import type { Accepted } from "../contract/frames/server-frames.ts";
import { ClientError } from "./client-error.ts";
import type { Clock } from "./clock.ts";
import { clientLimits } from "./limits.ts";

interface Pending {
  resolve: (accepted: Accepted) => void;
  reject: (error: ClientError) => void;
  stopTimer: () => void;
}

export interface PendingAnswers {
  /** Settles with the answer; `network` if none came in time. */
  wait(id: string): Promise<Accepted>;
  /** Who waits for the answer to that event, and from now on does so no more. */
  settle(id: string | null): Pick<Pending, "resolve" | "reject"> | undefined;
  /** No answer will come any more. */
  fail(): void;
}

export function createPendingAnswers(clock: Clock): PendingAnswers {
  const pending = new Map<string, Pending>();
  return {
    wait: (id) =>
      new Promise((resolve, reject) => {
        const stopTimer = clock.after(clientLimits.answerMs, () => {
          pending.delete(id);
          reject(new ClientError("network", `no answer within ${clientLimits.answerMs} ms`));
        });
        pending.set(id, { resolve, reject, stopTimer });
      }),
    settle(id) {
      const waiting = id === null ? undefined : pending.get(id);
      if (id !== null) pending.delete(id);
      waiting?.stopTimer();
      return waiting;
    },
    fail() {
      for (const { reject, stopTimer } of pending.values()) {
        stopTimer();
        reject(new ClientError("network", "the connection ended before an answer came"));
      }
      pending.clear();
    },
  };
}
