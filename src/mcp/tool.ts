/** What a tool is: a name, what it takes, and what it does with the worker. Knows no transport. */
import * as z from "zod";
import type { Json } from "../contract/event.ts";
import { refuse } from "./refusals.ts";
import type { Shown } from "./show.ts";
import type { Worker } from "./worker.ts";

/** What a call has beside its arguments. */
export interface ToolCall {
  worker: Worker;
  /** Aborts when the client cancels the call, or is gone. */
  signal: AbortSignal;
  /** Tells the client that the call lives; does nothing for one that does not ask. */
  progress(seconds: number, message: string): void;
  now(): number;
}

/** Arguments as they came. */
export type Given = { readonly [name: string]: Json | undefined };

/** A tool. */
export interface Tool {
  name: string;
  title: string;
  description: string;
  /** As the list of tools shows it; asked for each time. */
  inputSchema(worker: Worker): { [keyword: string]: Json };
  /** Whether it changes nothing. */
  reads?: true;
  /** @throws Refusal, ClientError */
  run(given: Given, call: ToolCall): Promise<Shown>;
}

/** Makes a tool whose arguments are parsed by a schema. */
export function createTool<Input extends z.ZodObject>(tool: {
  name: string;
  title: string;
  description: string;
  input: Input;
  reads?: true;
  run(input: z.infer<Input>, call: ToolCall): Promise<Shown>;
}): Tool {
  const { input, run, ...told } = tool;
  const { $schema: _dialect, ...schema } = z.toJSONSchema(input, { io: "input" }) as { [keyword: string]: Json };
  return {
    ...told,
    inputSchema: () => schema,
    async run(given, call) {
      const parsed = input.safeParse(given);
      if (parsed.success) return run(parsed.data, call);
      const [issue] = parsed.error.issues;
      const place = issue && issue.path.length > 0 ? `\`${issue.path.join(".")}\`` : "the arguments";
      throw refuse("malformed", `${tool.name}: ${place}: ${issue?.message ?? "not as asked"}. Change that and call it again.`);
    },
  };
}

/** A result that is only a text. */
export const say = (text: string): Shown => ({ text, rest: [] });

/** What settles first: the promise, or the time; then undefined. */
export async function within<T>(ms: number, promise: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  let stop = () => {};
  const late = new Promise<undefined>((resolve) => {
    const timer = setTimeout(() => resolve(undefined), ms);
    const abort = () => resolve(undefined);
    signal.addEventListener("abort", abort, { once: true });
    stop = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
    };
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    stop();
  }
}
