/** The writes of a machine as the host takes them, of handlers that know the params of each. Knows no machine. */
import type * as z from "zod";
import type { PendingWrite, Write } from "../../host/logic.ts";
import { trust } from "../../protocol/trust.ts";
import type { ThreadScope, ThreadServices } from "../thread-services.ts";

/** By the name of the action: its params, then the event that caused it with what came beside. */
export type WriteHandlers<Table extends Record<string, z.ZodType>> = {
  [Name in keyof Table]: (params: z.infer<Table[Name]>, write: PendingWrite, scope: ThreadScope) => void;
};

/** @param table the params of each write */
export function bindWrites<Table extends Record<string, z.ZodType>>(
  table: Table,
  handlers: WriteHandlers<Table>,
): Record<string, Write<ThreadServices>> {
  const bind = <Name extends keyof Table>(name: Name): Write<ThreadServices> => {
    const schema: Table[Name] = table[name];
    return (write, scope) => handlers[name](trust(schema, write.params), write, scope);
  };
  return Object.fromEntries(Object.keys(table).map((name) => [name, bind(name)]));
}
