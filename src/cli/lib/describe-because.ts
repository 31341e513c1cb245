/** Why a decision was taken, in a few words for people. */
import type { Because } from "../../compile/decide/view.ts";

/** @param because as messages and traces have it: JSON, or text of an older server */
export function describeBecause(because: string): string {
  let read: Because;
  try {
    read = JSON.parse(because) as Because;
  } catch {
    return because;
  }
  switch (read.form) {
    case "status":
      return `status ${read.status}`;
    case "moderator":
      return `the moderator said ${JSON.stringify(read.saw)}`;
    case "list":
      return read.tried.map(({ condition, saw }) => `${condition} is ${JSON.stringify(saw)}`).join(", ") || "no condition";
    default:
      read satisfies never;
      return because;
  }
}
