/**
 * How messages that the server's own parts exchange are declared: a table from type to schema for each receiver, from which types,
 * dispatch and checks derive. Knows no message.
 */
import * as z from "zod";
import { open } from "./shape.ts";

type Shapes = Record<string, Record<string, z.ZodType>>;

/** The schema of each member of a union by its tag. */
export type Table<Tag extends string, Declared extends Shapes> = {
  [Name in keyof Declared & string]: z.ZodObject<Record<Tag, z.ZodLiteral<Name>> & Declared[Name]>;
};

/** The messages of a table: their tag says which. */
export type MessageOf<Declared extends Record<string, z.ZodType>> = z.infer<Declared[keyof Declared]>;

/**
 * Declares a union of objects, told apart by one of their members. Unknown members pass: what a newer sender adds is neither refused
 * nor lost.
 */
export function declareUnion<Tag extends string, Declared extends Shapes>(tag: Tag, shapes: Declared): Table<Tag, Declared>;
export function declareUnion(tag: string, shapes: Shapes): Record<string, z.ZodObject> {
  return Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, open({ [tag]: z.literal(name), ...shape })]));
}

/**
 * Declares what a receiver takes.
 * @example declareMessages({ "audience.left": { agent: z.string(), turn: z.string() } })
 */
export function declareMessages<Declared extends Shapes>(shapes: Declared): Table<"type", Declared> {
  return declareUnion("type", shapes);
}
