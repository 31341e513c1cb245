/**
 * The registry's version as an object learnt it beside something else that it asked. It holds for what happened before it was asked:
 * whoever was told by then that a change is made finds it. Memory only.
 */
import type { Clock } from "../host/ports.ts";
import type { RegistryHead } from "../protocol/registry-head.ts";

export interface KnownHead {
  /** Asks something whose answer has the registry's version. */
  learn<Answer extends RegistryHead | undefined>(ask: () => Promise<Answer>): Promise<Answer>;
  /** The version as it was at that time or after, in milliseconds since the epoch; undefined: nothing was learnt since. */
  since(time: number): RegistryHead | undefined;
  /** The same, once something that asks is done with, or {@link headLimits.waits} for it is over. */
  wait(
    time: number,
    asking: () => Promise<unknown>,
    later: (milliseconds: number, work: () => void) => void,
  ): Promise<RegistryHead | undefined>;
}

export const headLimits = {
  /** Milliseconds that a call which is made anyhow may take: whoever listens to what a thread says has it as soon as by a call of its own. */
  waits: 100,
} as const;

export function createKnownHead(clock: Clock): KnownHead {
  let known: { at: number; head: RegistryHead } | undefined;
  const since = (time: number): RegistryHead | undefined => (known && known.at >= time ? known.head : undefined);
  return {
    async learn(ask) {
      const at = clock.now();
      const head = await ask();
      // Answers may come in another order.
      if (head && !(known && known.at > at)) known = { at, head };
      return head;
    },
    since,
    async wait(time, asking, later) {
      if (since(time)) return since(time);
      await Promise.race([asking(), new Promise<void>((resolve) => later(headLimits.waits, resolve))]);
      return since(time);
    },
  };
}
