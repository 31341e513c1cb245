/**
 * The border between XState's values and what JSON keeps of them: what is stored or leaves an actor is plain data, and
 * what is not is refused with its path rather than changed. Knows no store.
 */
import { readAddress } from "../../../machines/address.ts";
import type { Json } from "../../contract/event.ts";

/** XState's mark on what it stores in place of an actor reference. */
const referenceMark = "xstate$$type";
const takenForReference = "which XState would take for an actor reference";

/**
 * Plain data of what is stored or leaves the actor: a copy that shares nothing with `value`. Keys that hold `undefined`
 * are left out, as JSON does; -0 is 0.
 * @param what names it in the error
 * @throws with the path of what JSON would lose or change, and of an actor reference, which means nothing in another object
 */
export function toPlain(value: unknown, what: string): Json | undefined {
  if (value === undefined) return undefined;
  checkPlain(value, what);
  return copyPlain(value) as Json;
}

/** A copy of plain data as JSON would give it back, without making its text. */
export function copyPlain<T>(value: T): T;
export function copyPlain(value: unknown): unknown {
  if (typeof value === "number") return value === 0 ? 0 : value;
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    // Not `map`, which makes a list of the realm that the value is of.
    const items: unknown[] = [];
    for (let index = 0; index < value.length; index++) items.push(copyPlain(value[index]));
    return items;
  }
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    const item = (value as Record<string, unknown>)[key];
    if (item === undefined) continue;
    // Assigned, it would be the copy's prototype.
    if (key === "__proto__")
      Object.defineProperty(copy, key, { value: copyPlain(item), enumerable: true, configurable: true, writable: true });
    else copy[key] = copyPlain(item);
  }
  return copy;
}

/**
 * Checks that JSON keeps a value.
 * @throws with the path of what would be lost or changed
 */
export function checkPlain(value: unknown, what: string): void {
  if (!isSurelyPlain(value, 0)) walkValue({ what, path: [], seen: new Set(), open: [], exact: true }, value);
}

/**
 * Checks that an actor would be the same after an eviction: its context must survive JSON. References to its children do.
 * @returns false where JSON gives an equal context that a machine could still tell from this one: keys that hold
 * `undefined`, -0, one object in two places, frozen objects, a reference to an earlier child
 * @throws with the path of what would be lost or changed
 */
export function checkContext(context: unknown, isPresentChild: (reference: object) => boolean): boolean {
  if (isSurelyExact(context, [])) return true;
  const walk: Walk = { what: "context", path: [], seen: new Set(), open: [], exact: true, isPresentChild };
  walkValue(walk, context);
  return walk.exact;
}

/** What is nested deeper, or has more objects, is walked with care: it may hold itself. */
const surely = { depth: 32, objects: 24 } as const;

/**
 * Whether JSON surely keeps a value: what nearly all of them are, told without a note of each object met. Where it does not say so, the
 * walk says what is wrong, if anything is.
 */
function isSurelyPlain(value: unknown, depth: number): boolean {
  if (typeof value === "string" || typeof value === "boolean" || value === null) return true;
  if (typeof value === "number") return Number.isFinite(value);
  if (typeof value !== "object" || depth > surely.depth || !isOrdinary(value)) return false;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) if (!isSurelyPlain(value[index], depth + 1)) return false;
    return Object.keys(value).length === value.length;
  }
  for (const key of Object.keys(value)) {
    const item = (value as Record<string, unknown>)[key];
    if (item !== undefined && !isSurelyPlain(item, depth + 1)) return false;
  }
  return true;
}

/** Whether a context surely comes back as it is, in the same way. @param seen objects met so far */
function isSurelyExact(value: unknown, seen: object[]): boolean {
  if (typeof value === "string" || typeof value === "boolean" || value === null) return true;
  if (typeof value === "number") return Number.isFinite(value) && !Object.is(value, -0);
  if (typeof value !== "object" || seen.length >= surely.objects || seen.includes(value) || !isOrdinary(value)) return false;
  seen.push(value);
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) if (!isSurelyExact(value[index], seen)) return false;
    return Object.keys(value).length === value.length;
  }
  for (const key of Object.keys(value)) {
    if (key === referenceMark || key === "__proto__" || key === "sessionId") return false;
    if (!isSurelyExact((value as Record<string, unknown>)[key], seen)) return false;
  }
  return true;
}

/** Of no class, of this realm, with no symbols. An address is frozen, and so is what comes back unfrozen after an eviction. */
function isOrdinary(value: object): boolean {
  const prototype = Object.getPrototypeOf(value) as unknown;
  if (prototype !== (Array.isArray(value) ? Array.prototype : Object.prototype)) return false;
  return Object.isExtensible(value) && Object.getOwnPropertySymbols(value).length === 0;
}

interface Walk {
  readonly what: string;
  readonly path: (string | number)[];
  /** Objects met so far, and those of them that hold the present one. */
  readonly seen: Set<object>;
  readonly open: object[];
  exact: boolean;
  /** In a context, which may hold references to the actor's children: whether it has that child now. */
  readonly isPresentChild?: (reference: object) => boolean;
}

function walkValue(walk: Walk, value: unknown): void {
  if (typeof value === "string" || typeof value === "boolean" || value === null) return;
  if (typeof value === "object") walkObject(walk, value);
  else if (typeof value !== "number")
    refuse(walk, typeof value === "function" ? "a function" : `${String(value)}${typeof value === "bigint" ? "n" : ""}`);
  else if (!Number.isFinite(value)) refuse(walk, String(value));
  else if (Object.is(value, -0)) walk.exact = false;
}

function walkObject(walk: Walk, value: object): void {
  if (walk.seen.has(value)) {
    if (walk.open.includes(value)) refuse(walk, "a part of itself");
    walk.exact = false;
    return;
  }
  walk.seen.add(value);
  walk.open.push(value);
  // A frozen object comes back unfrozen after an eviction, so code could tell the difference.
  if (!Object.isExtensible(value)) walk.exact = false;
  if (Array.isArray(value)) walkArray(walk, value);
  else walkRecord(walk, value);
  walk.open.pop();
}

function walkArray(walk: Walk, value: readonly unknown[]): void {
  if (Object.getPrototypeOf(value) !== Array.prototype && depthOf(value) > 2) refuse(walk, describeClass(value.constructor.name));
  const { path } = walk;
  for (let index = 0; index < value.length; index++) {
    path.push(index);
    if (value[index] === undefined && !(index in value)) refuse(walk, "missing");
    walkValue(walk, value[index]);
    path.pop();
  }
  if (Object.keys(value).length === value.length) return;
  refuse(walk, `an array with the field ${Object.keys(value)[value.length]}`);
}

function walkRecord(walk: Walk, value: object): void {
  const { path } = walk;
  const inContext = walk.isPresentChild !== undefined;
  const prototype = Object.getPrototypeOf(value) as object | null;
  if (prototype === null) walk.exact = false;
  else if (prototype !== Object.prototype && depthOf(value) > 1) {
    // Data of another realm (workerd's RPC, vitest) has that realm's Object as prototype; any other prototype is a class.
    if (isActorReference(value)) walkReference(walk, value);
    else refuse(walk, describeClass(prototype.constructor.name));
    return;
  }
  if (readAddress(value) !== undefined)
    refuse(walk, "an address", "of which JSON keeps the text alone: store the text, and make the address of it");
  if (inContext && isActorReference(value)) refuse(walk, "an object with sessionId, send and ref", takenForReference);
  if (Object.getOwnPropertySymbols(value).length) refuse(walk, "an object with a symbol for a key");
  for (const key of Object.keys(value)) {
    const item = (value as Record<string, unknown>)[key];
    if (inContext && key === referenceMark) refuse(walk, `an object with ${referenceMark}`, takenForReference);
    if (inContext && key === "__proto__") refuse(walk, "an object with __proto__", "which assign would take for its prototype");
    if (item === undefined) {
      walk.exact = false;
      continue;
    }
    path.push(key);
    walkValue(walk, item);
    path.pop();
  }
}

function walkReference(walk: Walk, reference: object): void {
  if (!walk.isPresentChild) refuse(walk, "an actor reference", "which cannot leave its object: send the actor's id");
  else if (!walk.isPresentChild(reference)) walk.exact = false;
}

function describeClass(name: string): string {
  return `${/^[aeiou]/i.test(name) ? "an" : "a"} ${name}`;
}

/** How many prototypes a value has: an array two, a record one. */
function depthOf(value: object): number {
  let depth = 0;
  for (let at = Object.getPrototypeOf(value) as object | null; at !== null; at = Object.getPrototypeOf(at) as object | null) depth += 1;
  return depth;
}

function isActorReference(value: object): boolean {
  return "sessionId" in value && "send" in value && "ref" in value;
}

function refuse({ what, path }: Walk, found: string, reason = "which JSON does not keep: store plain data"): never {
  const place = path.map((key) => (typeof key === "number" ? `[${key}]` : `.${key}`)).join("");
  throw new Error(`${what}${place} is ${found}, ${reason}`);
}
