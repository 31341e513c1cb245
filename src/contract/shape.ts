/** How the contract's schemas are made: loose at every level, so that whoever passes on what a newer sender said loses nothing of it. */
import * as z from "zod";

// Workers have no `eval`: without this zod finds out by trying, and judges by other code in Node than there.
z.config({ jitless: true });

/**
 * An object whose unknown members pass. Its type has the known ones alone: what we make ourselves has no others, so a misspelt
 * one does not compile; what others send keeps theirs.
 */
export function open<Shape extends z.core.$ZodLooseShape>(shape: Shape): z.ZodObject<Shape> {
  return z.looseObject(shape);
}

/** Any JSON, judged member by member: for what we answer. What agents post was read as text, see `anyJson`. */
export const json = z.json();

/** One of a record's keys: for words that are listed with what they mean. */
export function keyOf<Listed extends Readonly<Record<string, unknown>>>(listed: Listed): z.ZodEnum<{ [Key in keyof Listed & string]: Key }>;
export function keyOf(listed: Readonly<Record<string, unknown>>): z.ZodEnum<Record<string, string>> {
  return z.enum(Object.keys(listed));
}

/** A moment, RFC 3339. */
export const time = z.iso.datetime();
