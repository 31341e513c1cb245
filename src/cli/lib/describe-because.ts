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
  if (read.form === "status") return `status ${read.status}`;
  if (read.form === "moderator") return `the moderator said ${JSON.stringify(read.saw)}`;
  const tried = read.tried.map(({ condition, saw }) => `${condition} is ${JSON.stringify(saw)}`);
  return tried.length > 0 ? tried.join(", ") : "no condition";
}
