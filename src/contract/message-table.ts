/**
 * How messages that the server's own parts exchange are declared: a table from type to schema for each receiver, from which types,
 * dispatch and checks derive. Knows no message.
 */
import * as z from "zod";

type Shape = Record<string, z.ZodType>;

/** The schema of each message by its type. */
export type MessageTable<Shapes extends Record<string, Shape>> = {
  [Type in keyof Shapes & string]: z.ZodObject<{ type: z.ZodLiteral<Type> } & Shapes[Type]>;
};

/** The messages of a table: `type` says which. */
export type MessageOf<Table extends Record<string, z.ZodType>> = z.infer<Table[keyof Table]>;

/**
 * Declares what a receiver takes. Objects are open: what a newer sender adds is neither refused nor lost.
 * @example declareMessages({ "audience.left": { agent: z.string(), turn: z.string() } })
 */
export function declareMessages<Shapes extends Record<string, Shape>>(shapes: Shapes): MessageTable<Shapes>;
export function declareMessages(shapes: Record<string, Shape>): Record<string, z.ZodObject> {
  return Object.fromEntries(Object.entries(shapes).map(([type, shape]) => [type, z.object({ type: z.literal(type), ...shape })]));
}
