/** What a proof may find. The identity is the code, which never changes its meaning; docs/proofs.md shows them all. */

export const proofCatalogue = {
  "proof-deadlock": {
    code: "NRV3101",
    severity: "error",
    title: "A deadlock",
    explanation: "The thread can get to where no answer, no timeout and no operator's resume ever leads it to an end.",
  },
  "proof-endless-wait": {
    code: "NRV3102",
    severity: "error",
    title: "A wait without a timeout",
    explanation: "The thread waits for an agent, no timer ends the wait, and nobody was told that a person is needed.",
  },
  "proof-role-never-played": {
    code: "NRV3103",
    severity: "error",
    title: "A role that can never be played",
    explanation: "However agents answer, the role is never given a turn: no path leads to it, or nobody may hold it.",
  },
  "proof-no-exit": {
    code: "NRV3104",
    severity: "error",
    title: "A loop without an exit",
    explanation: "The thread goes on, and from there it can only fail: no answer leads to `$END` within `max_rounds`.",
  },
  "proof-no-edge": {
    code: "NRV3105",
    severity: "warning",
    title: "A decision that can match nothing",
    explanation: "An answer that the role may give picks no edge: the thread fails. A sampled answer is shown where one was found.",
  },
  "proof-wrong-way": {
    code: "NRV3106",
    severity: "error",
    title: "An edge that leads elsewhere",
    explanation: "The compiled machine does not go where the author's edge leads. This is a fault of the compiler.",
  },
  "proof-lost-message": {
    code: "NRV3107",
    severity: "error",
    title: "A message that is not taken",
    explanation: "One machine tells the other something that it does not take in its state. This is a fault of the compiler.",
  },
  "proof-disagreement": {
    code: "NRV3108",
    severity: "error",
    title: "The machines disagree",
    explanation:
      "With nothing under way, recruitment and task believe different things of an assignment or of the thread. This is a fault of the compiler.",
  },
  "proof-stale-counts": {
    code: "NRV3109",
    severity: "error",
    title: "A stale answer counts",
    explanation: "An answer to an earlier turn, of an earlier holder or of a stranger is taken. This is a fault of the compiler.",
  },
  "proof-step-fails": {
    code: "NRV3110",
    severity: "error",
    title: "A step that fails",
    explanation: "A machine cannot be loaded, throws, or takes steps without end. This is a fault of the compiler.",
  },
} as const;

/** A proof's finding by name. */
export type ProofName = keyof typeof proofCatalogue;

/** Renders the page of all findings, in Markdown. */
export function renderProofCatalogue(): string {
  const rows = Object.entries(proofCatalogue).map(
    ([name, { code, severity, title, explanation }]) => `| ${code} | \`${name}\` | ${severity} | **${title}.** ${explanation} |`,
  );
  return [
    "# Proofs",
    "",
    "`nerveflare prove FILE` walks both machines of a workflow together, with the messages between them, every timer, agents that claim,",
    "answer, fail, go away and come back, and people who suspend, resume and cancel. What it finds comes with a story: the shortest way",
    "there, step by step. Decisions are taken in every way that the graph allows. The walk is bounded: it tries a failure or an",
    "absence a few times and not for ever, two agents stand for the audience of a broadcast, and it stops at a number of states or seconds; it says so when it does. This page is generated",
    "from the catalogue in `src/explore`.",
    "",
    "| code | name | severity | meaning |",
    "|---|---|---|---|",
    ...rows,
    "",
  ].join("\n");
}
