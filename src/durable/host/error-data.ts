/** Errors as plain data, for they are stored and cross objects. Knows no store. */
import type { Json } from "../../contract/event.ts";
import { countBytes, cutToBytes, exceedsBytes } from "../../contract/limits.ts";
import { hostLimits } from "./limits.ts";
import { toPlain } from "./plain-data.ts";

/** Facts of errors that stand on their prototype, such as a thrown `Response`'s or a `DOMException`'s. */
const inherited = ["name", "message", "code", "status", "statusText"] as const;

/**
 * What a machine finds in `event.error`: of an Error its name, its message, its own fields and its causes; of other
 * thrown values what was thrown, where JSON keeps it. Never throws, and is never longer than the limit by much.
 */
export function toErrorData(error: unknown): Json | undefined {
  if (error === undefined) return undefined;
  if (error instanceof Error) return describeError(error, 0);
  try {
    const plain = toPlain(error, "error") as Json;
    if (!exceedsBytes(JSON.stringify(plain), hostLimits.errorFields)) return plain;
  } catch {
    // Not plain data: describe it as an Error.
  }
  return typeof error === "object" && error !== null ? describeError(error, 0) : { ...toPlainError(error) };
}

/** An error's name and message, whatever was thrown. Never throws. */
export function toPlainError(error: unknown): { name: string; message: string } {
  const message = readText(error, "message");
  if (message !== undefined) return { name: readText(error, "name") ?? "Error", message };
  return { name: "Error", message: typeof error === "string" ? cut(error) : cut(writeJson(error) ?? describeValue(error)) };
}

function describeError(error: object, depth: number): { [field: string]: Json } {
  const data: { [field: string]: Json } = { ...toPlainError(error) };
  let room: number = hostLimits.errorFields;
  const add = (field: string, text: string | undefined): void => {
    const bytes = text === undefined ? 0 : countBytes(text);
    if (text === undefined || bytes > room) return;
    room -= bytes;
    data[field] = JSON.parse(text) as Json;
  };
  for (const field of inherited) if (!(field in data)) add(field, writeJson(read(error, field)));
  for (const field of Object.keys(error)) if (!(field in data) && field !== "stack") add(field, writeJson(read(error, field)));
  // Not enumerable, like those that JavaScript creates.
  if (depth < hostLimits.errorCauses && !("cause" in data)) add("cause", writeCause(read(error, "cause"), depth));
  const errors = read(error, "errors");
  if (depth < hostLimits.errorCauses && Array.isArray(errors) && !("errors" in data))
    add(
      "errors",
      JSON.stringify(errors.slice(0, hostLimits.errorCauses).map((inner) => JSON.parse(writeCause(inner, depth) ?? "null") as Json)),
    );
  return data;
}

function writeCause(cause: unknown, depth: number): string | undefined {
  return cause instanceof Error ? JSON.stringify(describeError(cause, depth + 1)) : writeJson(cause);
}

function readText(error: unknown, field: string): string | undefined {
  const value = typeof error === "object" && error !== null ? read(error, field) : undefined;
  return typeof value === "string" || typeof value === "number" ? cut(String(value)) : undefined;
}

/** A field, whose getter may throw. */
function read(error: object, field: string): unknown {
  try {
    return (error as Record<string, unknown>)[field];
  } catch {
    return undefined;
  }
}

/** What JSON makes of a value, undefined where it makes nothing: of a cycle, a BigInt, a function. */
function writeJson(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}

function describeValue(value: unknown): string {
  try {
    return String(value);
  } catch {
    return "a value that cannot be shown";
  }
}

function cut(text: string): string {
  return exceedsBytes(text, hostLimits.errorText) ? `${cutToBytes(text, hostLimits.errorText)}…` : text;
}
