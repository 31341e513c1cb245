/** What one differential test is: a machine as anybody would write it for XState, and what happens to it. */
import type { AnyStateMachine } from "xstate";
import type { Json } from "../../../src/contract/event.ts";
import type { MachineOptions } from "../../../src/durable/host/logic.ts";

/** An event for the root, or time that passes. */
export type Operation = { type: string; [fact: string]: unknown } | { wait: number };

export interface Statechart {
  name: string;
  machine: () => AnyStateMachine;
  input?: Json;
  options?: MachineOptions;
  operations: Operation[];
}

/** A chart that XState has typed more strictly than one list of them can be. */
export function chart(
  name: string,
  machine: () => unknown,
  operations: (string | number | Operation)[],
  rest: Partial<Statechart> = {},
): Statechart {
  return {
    name,
    machine: machine as () => AnyStateMachine,
    operations: operations.map((operation) =>
      typeof operation === "string" ? { type: operation } : typeof operation === "number" ? { wait: operation } : operation,
    ),
    ...rest,
  };
}
