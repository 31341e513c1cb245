/** [FAIR] What one agent sends, inside its limits or not, must not keep others waiting: their waits are measured against quiet ones. */
import { expect, test } from "vitest";
import { type FloodKind, flood } from "./flood.ts";
import { makeDataFolder, startTestServer } from "./server-process.ts";

/** Milliseconds that the longest wait of all may take, whatever else the machine does: before there was fairness, several seconds. */
const longest = 2_500;
/** How many times the usual quiet wait the usual wait may be. */
const ratio = 100;

const floods: FloodKind[] = ["events", "sockets", "acks", "nonsense", "claims", "large", "nested", "batches", "calls", "wrong tokens"];

test("[FAIR7] another agent's calls, and /healthz, are answered while one floods the server, on any way", async () => {
  const { facts } = await startTestServer(await makeDataFolder());
  const { url, adminToken } = facts;
  const add = async (id: string): Promise<string> => {
    const headers = { authorization: `Bearer ${adminToken}`, "content-type": "application/json" };
    const response = await fetch(`${url}/v1/agents`, { method: "POST", headers, body: JSON.stringify({ id }) });
    return ((await response.json()) as { token: string }).token;
  };
  const ann = await add("ann");

  async function wait(path: string, token?: string): Promise<number> {
    const began = performance.now();
    const response = await fetch(`${url}${path}`, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } });
    await response.arrayBuffer();
    expect(response.status).toBe(200);
    return performance.now() - began;
  }

  /** Waits of one call after another until `over`, and 20 of each at least. */
  async function measure(over: Promise<unknown>): Promise<number[]> {
    const waits: number[] = [];
    let isOver = false;
    void over.finally(() => (isOver = true));
    while (!isOver || waits.length < 40) {
      waits.push(await wait("/v1/me", ann), await wait("/healthz"));
      await new Promise((resolve) => setImmediate(resolve));
    }
    return waits.toSorted((a, b) => a - b);
  }

  await measure(Promise.resolve());
  const quiet = await measure(Promise.resolve());
  const usual = Math.max(1, quiet[quiet.length >> 1] as number);
  for (const [index, kind] of floods.entries()) {
    const token = await add(`mallory-${index}`);
    const flooding = flood(kind, url, token);
    const waits = await measure(flooding);
    const report = JSON.stringify(await flooding);
    const said = `${kind}: ${report}, quiet ${usual.toFixed(1)} ms, usual ${waits[waits.length >> 1]?.toFixed(1)} ms`;
    expect(waits.at(-1), said).toBeLessThan(longest);
    expect((waits[waits.length >> 1] as number) / usual, said).toBeLessThan(ratio);
    // A flood beyond the window ends in the close code that says so; what is under it is served.
    if (kind === "events" || kind === "claims" || kind === "nonsense") expect(report, said).toContain("closed 4429");
    if (kind === "large" || kind === "nested") expect(report, said).not.toContain("closed");
    if (kind === "wrong tokens") expect(report, said).toContain('"429"');
    // Who floods is not shut out for good.
    if (kind === "events") await expect.poll(() => wait("/v1/me", token)).toBeGreaterThan(0);
  }
});
