/** The turn that an agent gets, with what the task's documents say of the steps before it. Reads only. */
import type { RoleIr } from "../../../compile/ir.ts";
import type { TurnAssigned, TurnLogged } from "../../../contract/kinds/turn.ts";
import { makeTurnData, type TurnFacts, type TurnStart } from "../turn/turn-data.ts";
import type { TaskDocuments } from "./task-documents.ts";
import { readLastStep } from "./turn-documents.ts";

export function makeTurn(
  documents: TaskDocuments,
  role: RoleIr,
  start: TurnStart,
  { resumed, ...facts }: Omit<TurnFacts, "last" | "resumed"> & { resumed?: { reason: string } },
): TurnAssigned {
  return makeTurnData(role, start, {
    ...facts,
    last: readLastStep(documents)?.step,
    ...(resumed && { resumed: { reason: resumed.reason, supplement: documents.supplement.get("") ?? null } }),
  });
}

/** What the log keeps of it: also what an earlier resume added, for whoever decides the thread again. */
export function describeTurn(
  documents: TaskDocuments,
  role: RoleIr,
  { turn, lease, round, prompt, deadline, resumed }: TurnAssigned,
  to: { agent: string } | { asked: number },
) {
  const added = resumed ? undefined : documents.supplement.get("");
  return {
    ...{ turn, role: role.name, ...to, lease, round, prompt, deadline },
    ...(resumed && { resumed }),
    ...(added !== undefined && { supplement: added }),
  } satisfies TurnLogged;
}
