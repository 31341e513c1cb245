/** Why a decision went the way it went, as the conditions that were tried and the values that they saw. */
import type { Json } from "../../../contract/event.ts";

export interface Tried {
  condition: string;
  expression: string;
  saw: Json;
  /** The one that was taken. */
  chosen: boolean;
}

export type Reason =
  | { form: "status"; status: string }
  | { form: "list"; tried: Tried[] }
  | { form: "moderator"; saw: Json }
  /** Of another version, as it was written. */
  | { form: "text"; text: string };

/** @param because as messages have it: JSON, or the text of an older server */
export function readReason(because: string): Reason {
  let read: { form?: unknown; status?: unknown; tried?: unknown; saw?: Json };
  try {
    read = JSON.parse(because) as typeof read;
  } catch {
    return { form: "text", text: because };
  }
  if (read?.form === "status" && typeof read.status === "string") return { form: "status", status: read.status };
  if (read?.form === "moderator") return { form: "moderator", saw: read.saw ?? null };
  if (read?.form === "list" && Array.isArray(read.tried)) {
    const tried = read.tried as { condition: string; expression: string; saw: Json }[];
    return { form: "list", tried: tried.map((each, place) => ({ ...each, chosen: place === tried.length - 1 && isTruthy(each.saw) })) };
  }
  return { form: "text", text: because };
}

/** As JSONata's `$boolean` has it. */
function isTruthy(value: Json): boolean {
  if (Array.isArray(value)) return value.some(isTruthy);
  return typeof value === "object" && value !== null ? Object.keys(value).length > 0 : Boolean(value);
}
