/** How a message finds its handler. Knows no message. */
import type * as z from "zod";
import type { Envelope, Message } from "./envelope.ts";
import { trust } from "./trust.ts";

/**
 * A message of a table, its type told by its own word.
 * @throws for one that the table does not have: a machine says only what its vocabulary declares
 */
export function readMessage<Table extends Record<string, z.ZodType>>(table: Table, message: Message): z.infer<Table[keyof Table]> {
  const { type } = message;
  const read = (known: keyof Table): z.infer<Table[keyof Table]> => {
    const schema: Table[keyof Table] = table[known];
    return trust(schema, message);
  };
  if (isOf(table, message)) return read(message.type);
  throw new Error(`${type} is declared nowhere`);
}

/** What is done about each message of a table. */
export type Handlers<Table extends Record<string, z.ZodType>, Answer> = {
  [Type in keyof Table]: (message: z.infer<Table[Type]>, envelope: Envelope) => Answer;
};

/**
 * Gives a message to its handler. Whoever takes the whole of a table says so by the type {@link Handlers} of its handlers.
 * @returns undefined for a message without a handler: a newer version may have one
 */
export function dispatch<Table extends Record<string, z.ZodType>, Answer>(
  table: Table,
  handlers: Partial<Handlers<Table, Answer>>,
  envelope: Envelope,
): Answer | undefined {
  const { message } = envelope;
  const handle = <Type extends keyof Table>(type: Type): Answer | undefined => {
    const schema: Table[Type] = table[type];
    return handlers[type]?.(trust(schema, message), envelope);
  };
  return isOf(table, message) ? handle(message.type) : undefined;
}

/** Whether the table has the message's type. */
export function isOf<Table extends Record<string, z.ZodType>>(
  table: Table,
  message: Message,
): message is Message & { type: keyof Table & string } {
  return Object.hasOwn(table, message.type);
}
