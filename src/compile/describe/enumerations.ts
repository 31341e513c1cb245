/** The language's enumerations: where each stands in a file, and its words. */
import {
  ackNeeds,
  bindings,
  bindModes,
  engineStatuses,
  lossPolicies,
  missedPolicies,
  overflowPolicies,
  pickModes,
  reflexKinds,
  roleTypes,
  signals,
  startKeys,
  targets,
  turnPolicies,
  unfilledPolicies,
} from "../../contract/language.ts";

const meanings = Object.fromEntries(Object.entries(engineStatuses).map(([status, { meaning }]) => [status, meaning]));

/** By field, as the page names it; `also` are the other fields with the same words. */
export const enumerations: Readonly<Record<string, { about: string; words: Readonly<Record<string, string>>; also?: readonly string[] }>> =
  {
    binding: { about: "Who runs the workflow.", words: bindings },
    overflow: { about: "What becomes of a start past `concurrency`.", words: overflowPolicies },
    "reflexes[].kind": { about: "What a reflex does.", words: reflexKinds },
    "reflexes[].missed": { about: "What becomes of a schedule's runs that were missed.", words: missedPolicies },
    "reflexes[].signal": { about: "What a reflex of the kind `signal` tells the thread that has the key.", words: signals },
    "roles.<role>.type": { about: "Who plays the role.", words: roleTypes },
    "roles.<role>.bind": { about: "For how long an open role is held.", words: bindModes },
    "roles.<role>.recruitment.pick": { about: "Which claim is taken.", words: pickModes },
    "roles.<role>.recruitment.on_unfilled": { about: "What happens when nobody takes the role.", words: unfilledPolicies },
    "roles.<role>.turn.on_timeout, on_fail": {
      about:
        "What happens when a turn's time and retries are used up, or it failed for good. An edge for `$TIMEOUT` or `$FAILED` goes first.",
      words: turnPolicies,
      also: ["roles.<role>.turn.on_timeout", "roles.<role>.turn.on_fail"],
    },
    "roles.<role>.offline.then": {
      about:
        "What happens when the holder is lost. If the role has the turn, an edge for `$OFFLINE` goes before it; with `rerecruit` the role is offered anew all the same.",
      words: lossPolicies,
    },
    "roles.<role>.broadcast.ack.need": { about: "How many answers are enough, where it is not a number.", words: ackNeeds },
    "graph.$START.<key>": { about: "How a thread begins.", words: startKeys },
    "graph.<role>.<status>": { about: "Statuses that the engine gives where a role's answer can't.", words: meanings },
    "graph.<role>.<status>.role": { about: "Where an edge may lead, beside roles.", words: targets },
  };
