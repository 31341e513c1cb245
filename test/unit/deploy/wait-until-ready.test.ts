/** Waiting for a deployed Worker. */
import { expect, test } from "vitest";
import { deployLimits } from "../../../src/deploy/limits.ts";
import { waitUntilReady } from "../../../src/deploy/wait-until-ready.ts";

type Answer = () => Response;

const failing = (code: string): Answer => {
  return () => {
    throw Object.assign(new TypeError("fetch failed"), { cause: { code, message: code } });
  };
};
const saying = (status: string, ...details: string[]): Answer => {
  const checks = details.map((detail) => ({ part: "migrations", ok: false, detail }));
  return () => Response.json({ status, checks }, { status: status === "ready" ? 200 : 503 });
};

/** Waits on a clock of its own; the last answer goes on. */
async function wait(answers: Answer[], timeout = 60_000) {
  const said: string[] = [];
  const pauses: number[] = [];
  let now = 0;
  let asked = 0;
  const outcome = await waitUntilReady("https://worker.example", timeout, {
    fetch: async (url) => {
      expect(url).toBe("https://worker.example/readyz");
      return (answers[asked++] ?? (answers.at(-1) as Answer))();
    },
    now: () => now,
    pause: async (milliseconds) => {
      pauses.push(milliseconds);
      now += milliseconds;
    },
    say: (line) => void said.push(line),
  }).catch((error: unknown) => error);
  return { outcome, said, pauses, now };
}

test("[DEPLOY12] it waits through names, certificates, routes and migrations, and says each once", async () => {
  const page = () => new Response("<h1>There is nothing here yet</h1>", { status: 404 });
  const { outcome, said } = await wait([
    ...[failing("ENOTFOUND"), failing("ENOTFOUND"), failing("ERR_TLS_CERT_ALTNAME_INVALID"), page, page],
    ...[saying("starting", "0014 is not applied"), saying("unavailable"), failing("ECONNRESET"), saying("ready")],
  ]);
  expect(outcome).toBe("ready");
  expect(said).toEqual([
    "  waiting: the name is not in the DNS yet.",
    "  waiting: its certificate is not there yet.",
    "  waiting: Cloudflare answers 404 in its place: the route is not everywhere yet.",
    "  waiting: it says starting. migrations: 0014 is not applied",
    "  waiting: it says unavailable.",
    "  waiting: no answer (ECONNRESET).",
  ]);
  expect((await wait([saying("paused")])).outcome).toBe("paused");
});

test("[DEPLOY12] it gives up in time, with what it saw last, and asks no faster than it must", async () => {
  const { outcome, pauses, now } = await wait([saying("unavailable")], 30_000);
  expect(outcome).toMatchObject({ code: "not_ready", message: "https://worker.example is not ready after 30 s: it says unavailable." });
  expect(now).toBeLessThan(40_000);
  expect(Math.max(...pauses)).toBe(deployLimits.pause.longest);
  expect(pauses.length).toBeLessThan(20);
});
