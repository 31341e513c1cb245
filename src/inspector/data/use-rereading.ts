/** Reads again what the log does not say whole: when it says that something of it has changed, and once in a while at most. */
import { useEffect, useRef } from "preact/hooks";
import type { LogEntry } from "../../contract/views/log.ts";
import { inspectorLimits } from "./limits.ts";
import { live } from "./live-log.ts";
import { createThrottle, type Throttle } from "./throttle.ts";

/**
 * @param reread reads again
 * @param concerns whether an event changes what is shown
 * @param pause milliseconds between two readings
 */
export function useRereading(reread: () => void, concerns: (entry: LogEntry) => boolean, pause: number = inspectorLimits.reread): void {
  const latest = useRef({ reread, concerns });
  latest.current = { reread, concerns };
  const throttle = useRef<Throttle | undefined>(undefined);
  useEffect(() => {
    // What an agent holds is known to the agent, who may hear of an end later than the log.
    const made = createThrottle(async () => latest.current.reread(), pause, true);
    throttle.current = made;
    const deaf = live.listen((entries) => {
      if (entries.some((entry) => latest.current.concerns(entry))) made.ask();
    });
    return () => {
      made.end();
      deaf();
    };
  }, [pause]);
  const changes = live.changes.value;
  const heard = useRef(changes);
  useEffect(() => {
    if (heard.current === changes) return;
    heard.current = changes;
    throttle.current?.ask();
  }, [changes]);
}
