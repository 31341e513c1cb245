/** The one subscription of this page. */
import { createLiveLog } from "./create-live-log.ts";

/** The page's. */
export const live = createLiveLog({
  fetch: (input, init) => fetch(input, init),
  // A hidden page has no frames, and what it gathers is bounded.
  schedule: (work) => void requestAnimationFrame(work),
  random: Math.random,
  now: Date.now,
  wait: (milliseconds, signal) =>
    new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(end, milliseconds);
      signal.addEventListener("abort", end, { once: true });
      // Who comes back to the page, or online, need not wait.
      addEventListener("online", end, { once: true });
    }),
});
