/** What the bare ceiling's hub and agents say to each other. */

/** Turns of one workflow. */
export const bareTurns = 10;

/** From an agent. */
export type BareMessage = { type: "start"; flow: string } | { type: "answer"; flow: string; turn: number; output: unknown };

/** To an agent. */
export type BareTurn = { type: "turn"; flow: string; agent: string; turn: number } | { type: "done"; flow: string; agent: string };
