/** Reads facts out of events and params, which are JSON from outside this room: a fact of the wrong type is absent. */
import type { Facts, Params } from "./steps.ts";

/** Bytes that a reason may take in context: a snapshot must not grow with what people and agents write. */
const reasonBytes = 500;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The string of that name, or "". */
export function readText(from: Facts | Params, name: string): string {
  const value = Object.hasOwn(from, name) ? from[name] : undefined;
  return typeof value === "string" ? value : "";
}

/** The finite number of that name, or undefined. */
export function readNumber(from: Facts | Params, name: string): number | undefined {
  const value = Object.hasOwn(from, name) ? from[name] : undefined;
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

/** The strings of the array of that name. */
export function readTexts(from: Facts | Params, name: string): string[] {
  const value = Object.hasOwn(from, name) ? from[name] : undefined;
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === "string") : [];
}

/** The object of that name, or an empty one. */
export function readObject(from: Facts | Params, name: string): { [key: string]: unknown } {
  const value = Object.hasOwn(from, name) ? from[name] : undefined;
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as { [key: string]: unknown }) : {};
}

/** Looks a role up in a record of context; never finds what the prototype has. */
export function lookUp<T>(record: Record<string, T>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

/** A copy of the record without that name. */
export function without<T>(record: Record<string, T>, name: string): Record<string, T> {
  const { [name]: _, ...rest } = record;
  return rest;
}

/** Clips text to 500 bytes of UTF-8, at a whole character. */
export function clipReason(text: string): string {
  const bytes = encoder.encode(text);
  if (bytes.length <= reasonBytes) return text;
  let end = reasonBytes;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return decoder.decode(bytes.subarray(0, end));
}

/** Why an event came: its own reason, an actor's error or a child's outcome; clipped. */
export function readReason(event: Facts, fallback: string): string {
  const own = readText(event, "reason") || readText(readObject(event, "output"), "reason");
  const error = event["error"];
  const message = typeof error === "string" ? error : readText(readObject(event, "error"), "message");
  return clipReason(own || message || fallback);
}
