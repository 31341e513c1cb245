/** What an act of the demo is: who takes part, with which program and rights, and what it waits for. */

/** One agent of the demo. */
export interface Player {
  id: string;
  /** Granted in the registry. */
  capabilities: string[];
  /** The program, under examples/agents. */
  program: string;
  args?: string[];
}

/** One thread of the demo. */
export interface Act {
  title: string;
  /** The file, under workflows/. */
  workflow: string;
  /** Started first, and connected before the initiator is. */
  players: Player[];
  /** Registered with the players, and started when one of those has answered: they come late. */
  latecomers?: Player[];
  /** Posts the event that starts the thread, and hears of its end. */
  initiator: Player;
}
