/** Makes an agent wait whose connections are closed for flooding again and again: a new connection would bring a new window. Memory only. */
import { agentLimits } from "../agent-schema.ts";

export interface FloodPause {
  /** A connection was closed for what it sent. */
  note(): void;
  /** Milliseconds until another may be opened; 0: now. */
  left(): number;
}

/** @param now milliseconds */
export function createFloodPause(now: () => number): FloodPause {
  let floods = 0;
  let last = 0;
  let until = 0;
  function left(): number {
    const wait = until - now();
    // If the clock went back, nobody waits longer than the longest pause.
    return wait > agentLimits.floodPauseLongest ? 0 : Math.max(0, wait);
  }

  return {
    note() {
      // Concurrent floods of several connections count as one.
      if (left() > 0) return;
      if (now() - last > agentLimits.floodForgotten) floods = 0;
      floods += 1;
      last = now();
      // A first flood may be a bug: it only costs the connection.
      if (floods > 1) until = last + Math.min(agentLimits.floodPause * 2 ** (floods - 2), agentLimits.floodPauseLongest);
    },
    left,
  };
}
