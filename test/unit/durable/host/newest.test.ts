/** Collections that keep the newest: what agents said once, by which a repeat is known. */
import { afterEach, expect, test, vi } from "vitest";
import { createNodeStorage } from "../../../../src/durable/host/storage/node-storage.ts";
import { createNewest } from "../../../../src/durable/host/store/newest.ts";
import { createStore } from "../../../../src/durable/host/store/store.ts";

afterEach(() => void vi.restoreAllMocks());

const most = 300;
const betweenLooks = 256;

test("[BYTE5] what a thread knows of repeats is bounded: the newest are kept, in one life of its object and over many", () => {
  const storage = createNodeStorage();
  let at = 0;
  const put = (count: number): void => {
    // A life of its own.
    const store = createStore(storage, "recruitment/t1");
    const newest = createNewest(store.keyed<string>("claimed"), most);
    for (let n = 0; n < count; n++) store.transaction(() => newest.put(`agent e${++at}`, "hash", at));
    expect(newest.read(`agent e${at}`)).toBe("hash");
  };
  const count = (): number => storage.exec("SELECT 1 FROM document WHERE collection = 'claimed'").length;
  put(2_000);
  expect(count()).toBeLessThanOrEqual(most + betweenLooks);
  // Lives of one claim each are trimmed as well.
  let drawn = 0;
  vi.spyOn(Math, "random").mockImplementation(() => (drawn++ % betweenLooks) / betweenLooks);
  for (let life = 0; life < 600; life++) put(1);
  expect(count()).toBeLessThanOrEqual(most + betweenLooks);
  expect(createNewest(createStore(storage, "recruitment/t1").keyed<string>("claimed"), most).read("agent e1")).toBeUndefined();
});
