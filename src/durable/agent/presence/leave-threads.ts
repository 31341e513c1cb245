/**
 * What threads hear of an agent that is deleted, and whether they have heard it: whoever is there under its name before that
 * is another. Knows the outbox, not the mailbox.
 */
import type { InboxItem } from "../../../contract/frames/server-frames.ts";
import type { TypedCommitter } from "../../protocol/typed-host.ts";
import { presenceLimits } from "./presence-limits.ts";

export interface LeaveThreads {
  /**
   * Tells those who wait for the agent; within a commit.
   * @param turns the events of turns that it has
   * @param threads in which it plays a part
   */
  tell(turns: readonly InboxItem[], threads: readonly string[]): void;
  /** Whether threads may still take the agent for the one that was deleted. */
  isLeaving(): false | Promise<boolean>;
}

export function createLeaveThreads(name: string, { committer }: { committer: Pick<TypedCommitter, "outbox"> }): LeaveThreads {
  /** A thread has yet to hear that the agent is gone for good. */
  const findUntold = (): boolean => committer.outbox.holds("agent.deleted");
  let leaving = findUntold();

  async function findLeaving(): Promise<boolean> {
    await committer.outbox.flush();
    leaving = findUntold();
    return leaving;
  }

  return {
    tell(turns, threads) {
      // Tell a broadcast's task that the agent is gone; holders of other turns are reported below.
      for (const { event } of turns) {
        const { turn } = event.data as { turn: string };
        committer.outbox.append([`task/${turn.slice(0, turn.lastIndexOf(":"))}`], { type: "audience.left", agent: name, turn });
      }
      const deleted = { type: "agent.deleted", agent: name } as const;
      const roots = threads.map((thread) => `recruitment/${thread}` as const);
      for (let at = 0; at < roots.length; at += presenceLimits.partsAtOnce)
        committer.outbox.append(roots.slice(at, at + presenceLimits.partsAtOnce), deleted, { spread: true });
      leaving ||= roots.length > 0;
    },
    isLeaving: () => leaving && findLeaving(),
  };
}
