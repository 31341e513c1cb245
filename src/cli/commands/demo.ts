/** `nerveflare demo`: a review and a debate on a server of their own, every process and socket real, told as they happen. */

import { readFile } from "node:fs/promises";
import { relative } from "node:path";
import type { Command } from "commander";
import { systemClock } from "../../client/clock.ts";
import { createHttpCaller, type HttpCaller } from "../../client/http.ts";
import type { ThreadView } from "../../contract/views/thread.ts";
import type { Ready } from "../../local-server/spawn-server.ts";
import { findFile, findProgram, runsFromSource } from "../../package-files.ts";
import { CliError, type CommandContext } from "../lib/command.ts";
import type { Act, Player } from "../lib/demo/act.ts";
import { createNarrator, type Narrator } from "../lib/demo/narrator.ts";
import { acts, furtherActs } from "../lib/demo/story.ts";
import { createTroupe, type Told, type Troupe } from "../lib/demo/troupe.ts";

/** Seconds without a word after which something is wrong: a machine with other work takes minutes for all of it. */
const silence = 60;

/** Defines `nerveflare demo`. */
export function defineCommand(command: Command, { terminal }: CommandContext): void {
  command
    .option("--keep", "leave the server and the agents running afterwards, to look around")
    .option("--all", "play an act for each further kind of role as well")
    .action(async ({ keep, all = false }: { keep?: boolean; all?: boolean }) => {
      const late = Promise.withResolvers<never>();
      const timer = setTimeout(() => late.reject(new CliError(`the demo stood still for ${silence} s`)), silence * 1000);
      const narrator = createNarrator(terminal, () => timer.refresh());
      const troupe = createTroupe();
      const signalled = Promise.withResolvers<NodeJS.Signals>();
      for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, signalled.resolve);
      try {
        const played = await Promise.race([
          play(narrator, troupe, all ? [...acts, ...furtherActs] : acts),
          signalled.promise,
          troupe.broken,
          late.promise,
        ]);
        clearTimeout(timer);
        if (typeof played === "string") throw new CliError(`stopped by ${played}`);
        narrator.remark(describeNext(played.server, keep ?? false));
        if (keep) await tellLink(narrator, played);
        if (keep) await Promise.race([signalled.promise, troupe.broken]);
      } catch (error) {
        if (error instanceof CliError) throw error;
        const hint = "`npx nerveflare start` runs the server alone and shows what it logs.";
        throw new CliError(`the demo failed: ${(error as Error).message}`, { hint, cause: error });
      } finally {
        clearTimeout(timer);
        await troupe.disband();
      }
    });
}

/** What the acts share. */
interface Stage {
  narrator: Narrator;
  troupe: Troupe;
  server: Ready;
  operator: HttpCaller;
}

/** What was played, where. */
interface Played {
  server: Ready;
  /** The last thread. */
  thread: string;
}

async function play(narrator: Narrator, troupe: Troupe, played: Act[]): Promise<Played> {
  const server = await troupe.startServer();
  narrator.line("server", "ready", `${server.url}, process ${server.pids.server}, runtime ${server.pids.workerd}`);
  const operator = createHttpCaller({ url: server.url, token: server.adminToken, fetch, clock: systemClock });
  let thread = "";
  for (const act of played) thread = await playAct({ narrator, troupe, server, operator }, act);
  return { server, thread };
}

/** The page of the thread that was just played. The link signs in whoever opens it first, within the minute that a ticket is good. */
async function tellLink(narrator: Narrator, { server: { url, adminToken }, thread }: Played): Promise<void> {
  const operator = createHttpCaller({ url, token: adminToken, fetch, clock: systemClock });
  const { ticket } = (await operator.call("POST", "v1/tickets")) as { ticket: string };
  const page = `${url}/ui/threads/${thread}`;
  narrator.line("server", "page", `${page}#ticket=${encodeURIComponent(ticket)}`, { thread });
  narrator.remark(`  The link signs in once, within a minute. Later open ${page} and sign in with ${adminToken}`);
}

/** How to look further: at this server while it is kept, else at one of one's own. */
function describeNext({ url, adminToken, data }: Ready, keep: boolean): string {
  const place = keep ? `NERVEFLARE_URL=${url} NERVEFLARE_DATA=${data} ` : "";
  const look = `
  ${place}npx nerveflare threads                 all threads; with an id, one of them
  ${place}npx nerveflare events                  the log of all events
  curl -H "Authorization: Bearer ${keep ? adminToken : "$(cat .nerveflare/admin-token)"}" ${keep ? url : "http://127.0.0.1:8787"}/v1/status`;
  return keep
    ? `\nAll threads are complete; the server and the agents go on until Ctrl-C.${look}`
    : `\nAll threads are complete, and the server is gone. \`npx nerveflare demo --keep\` leaves it running to look around; \`npx nerveflare start\` runs one of your own:${look}
  NERVEFLARE_TOKEN=… ${nameReviewer()}   an agent of this story, with a token from \`npx nerveflare agents add\``;
}

/** The command that starts an agent of the story from where we are. In a clone `npx node` is the one of its packages. */
function nameReviewer(): string {
  return `${runsFromSource ? "npx node" : "node"} ${relative(process.cwd(), findProgram("examples/agents/reviewer.ts"))}`;
}

async function playAct(
  { narrator, troupe, server, operator }: Stage,
  { title, workflow, players, latecomers = [], initiator }: Act,
): Promise<string> {
  narrator.title(title);
  const text = await readFile(findFile(`workflows/${workflow}.yaml`), "utf8");
  const published = await operator.call("PUT", `v1/workflows/${workflow}`, { body: text, contentType: "application/yaml" });
  narrator.line(
    "operator",
    "publishes",
    `workflows/${workflow}.yaml, revision ${(published as { revision: string }).revision.slice(0, 12)}`,
  );

  const answered = Promise.withResolvers<void>();
  await Promise.all([
    ...players.map((player) => admit(player).connected),
    ...latecomers.map((player) => admit(player, answered.promise).registered),
  ]);
  const { thread } = await admit(initiator).completed;

  const shown = (await operator.call("GET", `v1/threads/${thread}`)) as ThreadView;
  const { messages } = (await operator.call("GET", `v1/threads/${thread}/messages`)) as { messages: unknown[] };
  const holders = Object.entries(shown.roles).map(([role, { agent, asked, acked }]) =>
    asked === undefined ? `${role} ${agent ?? "nobody"}` : `${role}: ${acked} of ${asked} acknowledged`,
  );
  narrator.line(
    "server",
    "thread",
    `${shown.status}: ${shown.outcome?.prompt ?? ""} (${messages.length} turns; ${holders.join(", ")}), ${thread}`,
    {
      thread,
    },
  );
  if (shown.status !== "completed") throw new Error(`the thread of ${workflow} is ${shown.status}`);
  return thread;

  /** Registers an agent and, once it is time, starts its program. */
  function admit(
    player: Player,
    time: Promise<void> = Promise.resolve(),
  ): { registered: Promise<void>; connected: Promise<void>; completed: Promise<{ thread: string }> } {
    const known = Promise.withResolvers<void>();
    const first = Promise.withResolvers<void>();
    const completed = Promise.withResolvers<{ thread: string }>();
    // Only the initiator's end of the thread is waited for.
    completed.promise.catch(() => {});
    function listen(told: Told): void {
      // Everybody who holds a role hears of a milestone; once is enough to tell it.
      if (player === initiator || !milestones.has(told.what)) narrator.line(player.id, told.what, told.text, told);
      if (told.what === "connected") first.resolve();
      if (told.what === "answers") answered.resolve();
      if (told.what === "completed" && told.thread) completed.resolve({ thread: told.thread });
      if (told.what === "failed" || told.what === "cancelled") completed.reject(new Error(`the thread ${told.what}: ${told.text}`));
    }
    const { id, capabilities, program, args = [] } = player;
    operator.call("POST", "v1/agents", { body: JSON.stringify({ id, capabilities }) }).then(
      async (agent) => {
        narrator.line("operator", "registers", `${id}${capabilities.length > 0 ? `, who may ${capabilities.join(", ")}` : ""}`);
        known.resolve();
        await time;
        troupe.startAgent(program, args, { NERVEFLARE_URL: server.url, NERVEFLARE_TOKEN: (agent as { token: string }).token }, listen);
      },
      (error: unknown) => {
        known.reject(error);
        first.reject(error);
        completed.reject(error);
      },
    );
    return { registered: known.promise, connected: first.promise, completed: completed.promise };
  }
}

/** What all who hold a role are told of a thread. */
const milestones = new Set(["started", "suspended", "resumed", "completed", "failed", "cancelled"]);
