/** Waits until a deployed Worker is ready: its name is known, its certificate made, its objects and D1 answer. */
import * as z from "zod";
import { DeployError, runAgain } from "./deploy-error.ts";
import { deployLimits } from "./limits.ts";

/** What waiting needs of the world. */
export interface WaitPorts {
  fetch: (url: string, init: RequestInit) => Promise<Response>;
  now: () => number;
  pause: (milliseconds: number) => Promise<void>;
  /** Tells people. */
  say: (line: string) => void;
}

const readiness = z.looseObject({
  status: z.enum(["ready", "paused", "starting", "unavailable"]),
  checks: z.array(z.looseObject({ part: z.string(), ok: z.boolean(), detail: z.string().optional() })).default([]),
});

/**
 * Asks `/readyz` until it says so; tells what it waits for whenever that changes.
 * @throws {DeployError} `not_ready` after `timeout` milliseconds
 */
export async function waitUntilReady(url: string, timeout: number, ports: WaitPorts): Promise<"ready" | "paused"> {
  const began = ports.now();
  let seen = "";
  for (let pause: number = deployLimits.pause.first; ; pause = Math.min(pause * 1.5, deployLimits.pause.longest)) {
    const found = await askReadiness(url, ports);
    if (found === "ready" || found === "paused") return found;
    if (found.waitsFor !== seen) ports.say(`  waiting: ${found.waitsFor}`);
    seen = found.waitsFor;
    if (ports.now() - began > timeout) {
      const seconds = Math.round(timeout / 1000);
      throw new DeployError("not_ready", `${url} is not ready after ${seconds} s: ${seen}`, runAgain.replace("Then run", "Run"));
    }
    await ports.pause(pause);
  }
}

async function askReadiness(url: string, ports: WaitPorts): Promise<"ready" | "paused" | { waitsFor: string }> {
  let response: Response;
  try {
    const signal = AbortSignal.timeout(deployLimits.answer);
    response = await ports.fetch(new URL("/readyz", url).href, { signal, redirect: "manual" });
  } catch (error) {
    return { waitsFor: describeNetworkError(error) };
  }
  const body = readiness.safeParse(await response.json().catch(() => undefined));
  // Until a route is known everywhere, Cloudflare answers itself, with a page.
  if (!body.success) return { waitsFor: `Cloudflare answers ${response.status} in its place: the route is not everywhere yet.` };
  const { status, checks } = body.data;
  if (status === "ready" || status === "paused") return status;
  const details = checks.filter(({ ok }) => !ok).map(({ part, detail }) => `${part}: ${detail ?? "fails"}`);
  return { waitsFor: `it says ${status}. ${details.join(" ")}`.trim() };
}

function describeNetworkError(error: unknown): string {
  const cause = (error as { cause?: { code?: string; message?: string } }).cause;
  const code = cause?.code ?? (error as Error).name;
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return "the name is not in the DNS yet.";
  if (code.includes("CERT") || code.includes("SSL") || code.includes("TLS")) return "its certificate is not there yet.";
  return `no answer (${cause?.message ?? (error as Error).message}).`;
}
