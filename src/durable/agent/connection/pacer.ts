/** Lets others in between what one agent asks for. On one machine all objects share a thread, and a call between two of them never leaves it. */
import { agentLimits } from "../agent-schema.ts";

export interface Pacer {
  /**
   * Resolves when the next piece of work may begin: at once for the first few, later for those that follow.
   * @param characters to be read for it; many count as several pieces
   */
  take(characters?: number): Promise<void>;
  /** The same, where nobody need wait. @returns whether it may begin now */
  takeNow(characters?: number): boolean;
  /** What was begun costs others so many steps more than its own: they are paid for before the next begins. */
  owe(steps: number): void;
}

/**
 * @param pause resolves in a later task of the event loop, after whatever came in meanwhile
 * @param rings how often others' pauses or timers were over: as good as one of its own
 */
export function createPacer(pause: () => Promise<void>, rings: () => number = () => 0): Pacer {
  let left: number = agentLimits.paceSteps;
  let rung = rings();
  let pausing: Promise<void> | undefined;

  /** Others were let in when it is over, whether somebody here waited for it or nothing came meanwhile. */
  function letOthersIn(): Promise<void> {
    pausing ??= pause().then(() => {
      pausing = undefined;
      begin();
    });
    return pausing;
  }

  /** Others were let in. */
  function begin(): void {
    rung = rings();
    left = Math.min(left, 0) + agentLimits.paceSteps;
  }

  /** Sets no timer of its own where others' have rung. */
  function look(): void {
    if (rung !== rings()) begin();
  }

  function spend(steps: number): void {
    left -= steps;
    // Begun ahead, so that who asks for a little at a time never waits.
    if (left <= agentLimits.paceSteps / 2) void letOthersIn();
  }

  return {
    takeNow(characters = 0) {
      look();
      if (left <= 0) return false;
      spend(1 + Math.floor(characters / agentLimits.paceCharacters));
      return true;
    },
    async take(characters = 0) {
      look();
      while (left <= 0) await letOthersIn();
      spend(1 + Math.floor(characters / agentLimits.paceCharacters));
    },
    owe: spend,
  };
}
