/** The pool: every turn goes to the best of those who may have it then, and never twice running to the same. */
import type { Act } from "./act.ts";

const triager = (id: string, minutes: number) => ({
  id,
  capabilities: ["triage"],
  program: "triager.ts",
  args: ["--minutes", String(minutes)],
});

export const triageAct: Act = {
  title: "A report is triaged by a pool; each turn goes to the best bid, the second opinion to somebody else",
  workflow: "triage-pool",
  players: [triager("fay", 4), triager("gus", 1), triager("hal", 2)],
  initiator: {
    id: "rex",
    capabilities: [],
    program: "reporter.ts",
    args: ["--repo", "nerve", "--issue", "7", "--title", "Retries never stop"],
  },
};
