/** `nerveflare top`: the threads that live and the agents, on one screen that keeps itself new. */
import { emitKeypressEvents } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import type { Command } from "commander";
import type { Answer } from "../../contract/http/answers.ts";
import { type Api, type ApiOptions, addApiOptions, createApi, createQuery } from "../lib/api.ts";
import { CliError, type CommandContext } from "../lib/command.ts";
import { renderTop, type TopFrame } from "../lib/live/render-live.ts";
import { openScreen, type Screen } from "../lib/live/screen.ts";
import { readSeconds } from "../lib/read-seconds.ts";

/** Threads and agents that are asked for: more than a screen shows, so that the order among them is worth something. */
const most = 100;

interface Filter {
  workflow?: string;
  status?: string;
  on?: string;
}

/** Defines `nerveflare top`. */
export function defineCommand(command: Command, context: CommandContext): void {
  const { terminal } = context;
  addApiOptions(command)
    .option("--workflow <name>", "only threads of this workflow")
    .option("--status <status>", "only threads that are queued, recruiting, running or suspended")
    .option("--on <agent>", "only threads that wait for this agent")
    .option("--interval <duration>", "how often it is read anew, e.g. 5s", readSeconds, 2)
    .option("--once", "print it once and stop; so it is without a terminal, and under --json")
    .addHelpText("after", "\nKeys: q or Ctrl-C ends it, space reads it anew at once.")
    .action(async ({ interval, once, ...options }: ApiOptions & Filter & { interval: number; once?: true }) => {
      const api = createApi(options, context);
      const screen = once ? undefined : openScreen(context);
      if (!screen) {
        const frame = await readFrame(api, options);
        terminal.result(frame, () => renderTop(terminal, frame, { rows: 2 * most, columns: 200 }).join("\n"));
        return;
      }
      await keepDrawing(screen, interval * 1_000, async () => {
        const frame = await readFrame(api, options).catch((error: unknown) => {
          if (!(error instanceof CliError)) throw error;
          return error.message;
        });
        return typeof frame === "string"
          ? [terminal.style("red", frame)]
          : renderTop(terminal, frame, { rows: screen.rows - 1, columns: screen.columns });
      });
    });
}

async function readFrame(api: Api, { workflow, status, on }: Filter): Promise<TopFrame> {
  const query = createQuery({ waiting: "any", workflow, status, on, limit: String(most) });
  const [state, threads, agents] = await Promise.all([
    api.call("GET", "v1/status") as Promise<Answer<"status">>,
    api.call("GET", `v1/threads?${query}`) as Promise<Answer<"threads">>,
    api.call("GET", `v1/agents?limit=${most}`) as Promise<Answer<"agents">>,
  ]);
  return {
    now: state.now,
    status: state,
    threads: threads.threads,
    agents: agents.agents,
    more: { threads: threads.next !== null, agents: agents.next !== null },
  };
}

/** Draws until somebody ends it. What is read last stays on the terminal. */
async function keepDrawing(screen: Screen, interval: number, read: () => Promise<string[]>): Promise<void> {
  const stop = new AbortController();
  let wake = new AbortController();
  const end = () => {
    stop.abort();
    wake.abort();
  };
  const release = listenToKeys((key) => (key === "q" ? end() : key === "space" && wake.abort()), end);
  try {
    while (!stop.signal.aborted) {
      wake = new AbortController();
      screen.draw(await read());
      if (!stop.signal.aborted) await pause(interval, undefined, { signal: wake.signal }).catch(() => {});
    }
  } finally {
    release();
    screen.close();
  }
}

/** @returns ends the listening */
function listenToKeys(press: (key: string) => unknown, end: () => void): () => void {
  process.once("SIGINT", end);
  const { stdin } = process;
  if (!stdin.isTTY) return () => process.removeListener("SIGINT", end);
  const listener = (_: string, key: { name?: string; ctrl?: boolean }) => (key.ctrl && key.name === "c" ? end() : press(key.name ?? ""));
  emitKeypressEvents(stdin);
  stdin.setRawMode(true);
  stdin.on("keypress", listener);
  stdin.resume();
  return () => {
    stdin.setRawMode(false);
    stdin.removeListener("keypress", listener);
    stdin.pause();
    process.removeListener("SIGINT", end);
  };
}
