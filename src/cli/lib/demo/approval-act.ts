/** A person approves what an agent has prepared. The person is a script that asks what the page asks. */
import type { Act } from "./act.ts";

export const approvalAct: Act = {
  title: "An agent prepares a release; a person approves it on the page",
  workflow: "release-approval",
  players: [
    { id: "pia", capabilities: ["release-preparation"], program: "preparer.ts" },
    { id: "ann", capabilities: ["release-approval"], program: "person.ts", args: ["--field", "note=Well prepared."] },
  ],
  initiator: {
    id: "ron",
    capabilities: [],
    program: "proposer.ts",
    args: ["--repo", "nerve", "--version", "2.1.0", "--change", "Retry with back-off", "--change", "A person approves"],
  },
};
