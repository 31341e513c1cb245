/**
 * Bounds what deliveries may cost before anybody has proven them, and hides by time which hooks there are. In the isolate's memory: one
 * more isolate is one more allowance.
 */
import type { AppPorts } from "./app-ports.ts";
import { callLimits } from "./guard-calls.ts";
import { problemError } from "./problem-error.ts";

/** Deliveries under way: to one name from one address, and from one address. Each may hold a body of the largest size. */
const doorLimits = { oneName: 16, oneAddress: 32 } as const;

export interface HookDoor {
  /**
   * Counts a delivery in. @returns counts it out again
   * @throws ProblemError `rate_limited`
   */
  enter(address: string, name: string): Promise<() => void>;
  /** Waits until a refusal has taken as long as any does. @param began when the delivery came */
  delay(began: number): Promise<void>;
}

export function createDoor(ports: Pick<AppPorts, "now" | "pause">): HookDoor {
  const underWay = new Map<string, number>();

  function count(key: string, by: 1 | -1): void {
    const left = (underWay.get(key) ?? 0) + by;
    if (left > 0) underWay.set(key, left);
    else underWay.delete(key);
  }

  return {
    async enter(address, name) {
      const keys = [address, `${address} ${name}`];
      const [ofAddress = 0, ofName = 0] = keys.map((key) => underWay.get(key));
      if (ofAddress >= doorLimits.oneAddress || ofName >= doorLimits.oneName) {
        await ports.pause?.(callLimits.tooMuch);
        throw problemError("rate_limited", "Too many deliveries are under way from here. Send it again later.", { retryAfter: 1 });
      }
      for (const key of keys) count(key, 1);
      return () => {
        for (const key of keys) count(key, -1);
      };
    },
    async delay(began) {
      await ports.pause?.(Math.max(0, began + callLimits.refusal - ports.now()));
    },
  };
}
