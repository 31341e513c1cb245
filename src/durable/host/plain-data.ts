/** The border between XState's values and what JSON keeps of them. Knows no store. */
import type { Json } from "../../wire/event.ts";

/** XState's mark on what it stores in place of an actor reference. */
const referenceMark = "xstate$$type";

/** Plain data: what JSON keeps of a value. */
export function toJson(value: unknown): Json | undefined {
  return value === undefined ? undefined : (JSON.parse(JSON.stringify(value) ?? "null") as Json);
}

/**
 * Plain data of what goes to another actor.
 * @param what names it in the error
 * @throws when it holds an actor reference, which means nothing in another object
 */
export function toTravellingJson(value: unknown, what: string): Json | undefined {
  if (value === undefined) return undefined;
  const text = JSON.stringify(value) ?? "null";
  // Data of others may hold the mark as well; only a real reference is refused, and only marked text is worth the walk.
  if (text.includes(`"${referenceMark}"`) && holdsReference(value))
    throw new Error(`${what} holds an actor reference, which cannot leave its object: send the actor's id`);
  return JSON.parse(text) as Json;
}

/** An error as plain data: `JSON.stringify` makes `{}` of an Error. */
export function toPlainError(error: unknown): { name: string; message: string } {
  if (error instanceof Error) return { name: error.name, message: error.message };
  const { name, message } = (typeof error === "object" && error !== null ? error : {}) as { name?: unknown; message?: unknown };
  if (typeof message === "string") return { name: typeof name === "string" ? name : "Error", message };
  return { name: "Error", message: typeof error === "string" ? error : (JSON.stringify(error) ?? String(error)) };
}

/**
 * Checks that an actor would be the same after an eviction: its context must survive JSON. `undefined` in an object is
 * let through, for reading an absent key gives the same.
 * @throws with the path of what would be lost or changed
 */
export function checkContext(value: unknown, path = "context"): void {
  if (value === null || typeof value === "string" || typeof value === "boolean") return;
  if (typeof value === "number" && Number.isFinite(value)) return;
  if (Array.isArray(value)) {
    value.forEach((item, index) => {
      checkContext(item, `${path}[${index}]`);
    });
    return;
  }
  if (typeof value !== "object") throw new Error(`${path} is ${String(value)}, which JSON does not keep`);
  if (isActorReference(value)) return;
  const prototype = Object.getPrototypeOf(value) as object | null;
  // Data of another realm (workerd's RPC, vitest) has an Object of its own, whose prototype is the end of the chain too.
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null)
    throw new Error(`${path} is a ${prototype.constructor.name}, which JSON does not keep: store plain data`);
  for (const [key, item] of Object.entries(value)) {
    if (key === referenceMark) throw new Error(`${path} holds ${referenceMark}, which XState would take for a reference`);
    if (item !== undefined) checkContext(item, `${path}.${key}`);
  }
}

function holdsReference(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return isActorReference(value) || Object.values(value).some(holdsReference);
}

function isActorReference(value: object): boolean {
  return "sessionId" in value && "send" in value && "ref" in value;
}
