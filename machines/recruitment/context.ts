/** What recruitment remembers: small facts, and nothing that agents wrote. */
import type { MachineOutcome, Seat, Start } from "../messages.ts";

/** The claim that is to win when the offer's time is up. */
export interface LeadingClaim {
  agent: string;
  offer: number;
  score: number;
}

/** Context of a recruitment machine; the config's literal is the state before the init event. */
export interface RecruitmentContext {
  start: Start;
  /** The last round of earlier epochs. */
  round: number;
  seats: Record<string, Seat>;
  /** Where the turns go on; absent: at `$START`. */
  from?: { node: string };
  /** The number of each role's last offer. */
  offers: Record<string, number>;
  /** Offers that ran out since the role was last held. */
  tries: Record<string, number>;
  leading: Record<string, LeadingClaim>;
  /** Last holders of roles. */
  last: Record<string, string>;
  /** Roles that nobody took. */
  unfilled: Record<string, true>;
  /** The task runs. */
  taskUp: boolean;
  paused: boolean;
  /** How the thread is to end while the task stops. */
  closing: "cancelled" | "failed" | null;
  reason: string | null;
  outcome: MachineOutcome | null;
}
