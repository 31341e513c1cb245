/** A wait of a test ends once what it waits for is there. Vitest gives up after a second, which takes longer now and then on a machine with other work. */
import { expect, vi } from "vitest";

/** Milliseconds, where a test does not say how long. */
const patience = 15_000;

const { waitFor, waitUntil } = vi;
const { poll } = expect;
// Files of one worker share it.
if (waitFor.name !== "waitPatiently") {
  vi.waitFor = function waitPatiently(callback, options) {
    return waitFor(callback, typeof options === "number" ? options : { timeout: patience, ...options });
  };
  vi.waitUntil = (callback, options) => waitUntil(callback, typeof options === "number" ? options : { timeout: patience, ...options });
  expect.poll = (actual, options) => poll(actual, { timeout: patience, ...options });
}
