/** Ids that pages make. */
import { expect, onTestFinished, test, vi } from "vitest";
import { makeRandomId } from "../../../src/inspector/data/random-id.ts";

test("[INSP15] a page that came over plain HTTP makes ids too, of which no two are the same", () => {
  const getRandomValues = crypto.getRandomValues.bind(crypto);
  onTestFinished(() => void vi.unstubAllGlobals());
  vi.stubGlobal("crypto", { getRandomValues });
  const ids = Array.from({ length: 1000 }, makeRandomId);
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{32}$/);
  expect(new Set(ids).size).toBe(ids.length);
});
