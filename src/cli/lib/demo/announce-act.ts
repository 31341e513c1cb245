/** A broadcast: three machines are told of one step, and one of them is not there yet. */
import type { Act } from "./act.ts";

export const announceAct: Act = {
  title: "A setup step is announced to a fleet; one machine comes late",
  workflow: "announce-setup",
  players: [
    { id: "north", capabilities: ["setup"], program: "machine.ts" },
    { id: "south", capabilities: ["setup"], program: "machine.ts" },
  ],
  latecomers: [{ id: "west", capabilities: ["setup"], program: "machine.ts" }],
  initiator: { id: "ops", capabilities: [], program: "announcer.ts", args: ["--step", "Install the new linter"] },
};
