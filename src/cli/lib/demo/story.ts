/** What the demo plays, in order. */
import type { Act } from "./act.ts";
import { announceAct } from "./announce-act.ts";
import { approvalAct } from "./approval-act.ts";
import { triageAct } from "./triage-act.ts";

/** The two examples that the documentation explains. */
export const acts: Act[] = [
  {
    title: "A pull request is reviewed; two reviewers want the one role",
    workflow: "code-review",
    players: [
      { id: "bob", capabilities: ["code-review"], program: "reviewer.ts" },
      { id: "carol", capabilities: ["code-review"], program: "reviewer.ts" },
    ],
    initiator: {
      id: "alice",
      capabilities: ["coding"],
      program: "author.ts",
      args: ["--repo", "nerve", "--pr", "115", "--title", "Retry with back-off"],
    },
  },
  {
    title: "A motion is debated; the thread starts when both sides are filled",
    workflow: "debate",
    players: [
      { id: "dora", capabilities: ["argumentation"], program: "debater.ts" },
      { id: "erik", capabilities: ["argumentation"], program: "debater.ts" },
    ],
    initiator: {
      id: "host-1",
      capabilities: [],
      program: "host.ts",
      args: ["--motion", "Agents should review each other's code"],
    },
  },
];

/** What `--all` plays after them: one act for each further kind of role, and one with a person. */
export const furtherActs: Act[] = [triageAct, announceAct, approvalAct];
