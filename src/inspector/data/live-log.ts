/** The one subscription of this page. */
import { createLiveLog } from "./create-live-log.ts";
import { makeRandomId } from "./random-id.ts";

/** In the tab's own store, which is there when the page is loaded anew. */
function nameReader(): { reader: string; replaces: string | undefined } {
  const reader = makeRandomId();
  try {
    const key = "nerveflare.reader";
    const replaces = sessionStorage.getItem(key) ?? undefined;
    sessionStorage.setItem(key, reader);
    return { reader, replaces };
  } catch {
    // The browser keeps nothing: what the page leaves is forgotten after a while.
    return { reader, replaces: undefined };
  }
}

/** The page's. */
export const live = createLiveLog({
  names: nameReader(),
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
