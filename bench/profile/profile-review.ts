/** Where the CPU of a turn goes: profiles the Worker while reviews are played. */
import { fork } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Placement } from "../../src/contract/placement.ts";
import { keptWorker } from "../../src/local-server/built-worker.ts";
import { ask } from "../measure.ts";
import type { WindowOrder, WindowResult } from "../orders.ts";
import { startWorkerServer } from "../worker-server.ts";
import { type Share, type ShareKind, shareOutProfile, sumUpCalls } from "./share-out-profile.ts";
import { takeProfile } from "./take-profile.ts";

/** Plays at one concurrency; warm before the profile begins. */
export async function profileReview(
  concurrency: number,
  { warmTurns, seconds }: WindowOrder,
  placement: Placement,
  turns: number | undefined,
): Promise<{ shares: Record<ShareKind, Share[]>; window: WindowResult }> {
  const server = await startWorkerServer({ inspect: true, placement });
  const player = fork(join(dirname(fileURLToPath(import.meta.url)), "..", "player.ts"), { stdio: "inherit" });
  try {
    if (!server.inspector) throw new Error("the runtime has no inspector");
    const { url, adminToken } = server;
    await order({
      task: { engine: "nerveflare", roles: "recruited", url, adminToken, pids: [], concurrency, ...(turns !== undefined && { turns }) },
    });
    await order({ window: { warmTurns, seconds: 0.1 } });
    let window: WindowResult | undefined;
    const profile = await takeProfile(server.inspector, async () => {
      const report = await order({ window: { warmTurns: 0, seconds } });
      if ("window" in report) window = report.window;
    });
    if (!window) throw new Error("nothing was measured");
    const map = readFileSync(join(keptWorker, "index.js.map"), "utf8");
    const shares = {
      folder: shareOutProfile(profile, map, "folder"),
      function: shareOutProfile(profile, map, "function"),
      total: sumUpCalls(profile, map),
    };
    return { shares, window };
  } finally {
    if (player.connected) player.disconnect();
    await server.stop();
  }

  async function order(what: Parameters<typeof ask>[1]) {
    const report = await ask(player, what);
    if ("failure" in report) throw new Error(report.failure);
    return report;
  }
}
