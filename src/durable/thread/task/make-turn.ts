/** The turn that an agent gets, with what the task's rows say of the steps before it. Reads only. */
import type { RoleIr } from "../../../compile/ir.ts";
import type { TurnAssigned } from "../../../contract/kinds/turn.ts";
import type { Storage } from "../../host/ports.ts";
import { makeTurnData, type TurnFacts, type TurnStart } from "../turn/turn-data.ts";
import { readLastMessage, readSupplement } from "./task-rows.ts";

export function makeTurn(
  storage: Storage,
  role: RoleIr,
  start: TurnStart,
  { resumed, ...facts }: Omit<TurnFacts, "last" | "resumed"> & { resumed?: { reason: string } },
): TurnAssigned {
  return makeTurnData(role, start, {
    ...facts,
    last: readLastMessage(storage),
    ...(resumed && { resumed: { reason: resumed.reason, supplement: readSupplement(storage) } }),
  });
}
