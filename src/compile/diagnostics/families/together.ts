/** Together: what only shows where several files, or a server, are looked at. */
import type { CatalogueEntry } from "../catalogue-entry.ts";

export const togetherCatalogue = {
  "unknown-workflow": {
    code: "NRV6001",
    severity: "warning",
    title: "A child of a workflow that is not there",
    explanation:
      "None of the files that are checked together is the workflow that is spawned. It may be published from elsewhere; where a server was asked and has none either, this is an error.",
  },
  "same-name": {
    code: "NRV6002",
    severity: "error",
    title: "Two workflows of one name",
    explanation:
      "The name is the workflow's identity in the registry: of two files the one that is published last takes the other's place.",
  },
  "unheard-kind": {
    code: "NRV6003",
    severity: "warning",
    title: "A kind that nobody hears",
    explanation:
      "No reflex of the files hears the kind, and one hears a kind of nearly this name that nothing sends. Where a server was asked: no agent hears it either.",
  },
  "unsent-kind": {
    code: "NRV6004",
    severity: "warning",
    title: "A kind that nobody sends",
    explanation:
      "None of the files sends the kind, and one sends a kind of nearly this name that nothing hears. Where a server was asked: no agent may send it.",
  },
  "near-capability": {
    code: "NRV6005",
    severity: "warning",
    title: "Two names that are nearly one",
    explanation:
      "The capability is written almost like one that other files ask for. To the orchestrator these are two, and an agent has to have both.",
  },
  "endless-spawns": {
    code: "NRV6006",
    severity: "error",
    title: "Workflows that always spawn one another",
    explanation:
      "Each thread of one spawns one of the other on every way to `$END`, and so on in a circle, until the chain is cut off 16 deep.",
  },
  "endless-events": {
    code: "NRV6007",
    severity: "warning",
    title: "An event that comes back through another workflow",
    explanation:
      "The kind that is emitted starts another workflow, or a reflex of it, which leads to the same again, until the chain is cut off 16 deep.",
  },
  "child-input": {
    code: "NRV6008",
    severity: "warning",
    title: "An input that the child does not take",
    explanation:
      "The `input` schema of the workflow that is spawned asks for something else: a field is missing, is misspelt, or gives another type; what a template gives is text. The child is refused when it is started.",
  },
  "capability-of-nobody": {
    code: "NRV6009",
    severity: "warning",
    title: "A capability that no agent has",
    explanation:
      "The server was asked: no registered agent has the capability, or none has all that the role asks for. Nobody could take it now.",
  },
  "unknown-agent": {
    code: "NRV6010",
    severity: "warning",
    title: "An agent that is not registered",
    explanation: "The server was asked: it has no agent of this id. The role waits for it.",
  },
  "turn-refused": {
    code: "NRV6011",
    severity: "warning",
    title: "An agent that would drop the turns",
    explanation:
      "The server was asked: an agent that could take the role says which turns it takes, and those of this role are not among them.",
  },
  "child-output": {
    code: "NRV6012",
    severity: "warning",
    title: "An output that the child does not give",
    explanation:
      "A prompt or a condition reads of a child what its workflow never gives: the output of a child is that of its last step, by the schema of the role whose edge leads to `$END`.",
  },
  "event-refused": {
    code: "NRV6013",
    severity: "warning",
    title: "An agent that would drop the event",
    explanation:
      "The server was asked: an agent that hears the kind says what it accepts of it, and the `data` that is sent here can't be that. Its client drops such events.",
  },
} as const satisfies Record<string, CatalogueEntry>;
