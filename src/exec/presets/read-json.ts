/** Reads the objects that models' programs wrap their answers in: one, a list of them, or one a line. */
import type { Json } from "../../contract/event.ts";
import { findObjects } from "../find-objects.ts";

export type JsonObject = { [field: string]: Json };

/** What was printed as objects, in its order; what is no object is passed over. */
export function readObjects(stdout: string): JsonObject[] {
  return findObjects(stdout).objects.map(({ start, end }) => JSON.parse(stdout.slice(start, end)) as JsonObject);
}

/** The object under a name, or an empty one. */
export function readPart(from: JsonObject | undefined, name: string): JsonObject {
  const value = from && Object.hasOwn(from, name) ? from[name] : undefined;
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
}

export function readText(from: JsonObject | undefined, name: string): string | undefined {
  const value = from && Object.hasOwn(from, name) ? from[name] : undefined;
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** A count; what is none counts as nothing. */
export function readCount(from: JsonObject, ...names: string[]): number {
  const value = names.map((name) => (Object.hasOwn(from, name) ? from[name] : undefined)).find((each) => each !== undefined);
  return typeof value === "number" && value >= 0 && Number.isSafeInteger(value) ? value : 0;
}
