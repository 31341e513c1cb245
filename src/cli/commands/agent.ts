/** `nerveflare agent --exec`: any program becomes an agent, run once for each turn. With `--chaos`, that or an agent of one's own is tried on a bad line. */
import { readFile } from "node:fs/promises";
import { type Command, InvalidArgumentError, Option } from "commander";
import { acceptSchemas } from "../../client/accept-schemas.ts";
import type { Accepts } from "../../client/accepts.ts";
import { type Agent, type AgentOptions, connectAgent } from "../../client/agent.ts";
import type { Journal } from "../../client/answers.ts";
import { ClientError } from "../../client/client-error.ts";
import type { TurnHandler } from "../../client/handlers.ts";
import { readDuration } from "../../client/heartbeat.ts";
import type { Note, TakeNote } from "../../client/note.ts";
import { findNearestName } from "../../contract/nearest-name.ts";
import { createFileJournal } from "../../exec/create-file-journal.ts";
import { createProgramHandler, type ProgramOptions, type PromptForm } from "../../exec/create-program-handler.ts";
import { findMissingProgram } from "../../exec/find-program.ts";
import type { Preset } from "../../exec/presets/preset.ts";
import { findPreset, presets } from "../../exec/presets/presets.ts";
import { findEnvFault } from "../../exec/program-env.ts";
import { explainClientError } from "../lib/api.ts";
import { addChaosOptions, type ChaosChoice, listFaults } from "../lib/chaos/chaos-options.ts";
import { runBehindChaos, runProgram } from "../lib/chaos/run-behind-chaos.ts";
import { CliError, type CommandContext, exitCodes } from "../lib/command.ts";
import { chooseToken, findServer } from "../lib/find-server.ts";
import { openBridge } from "../lib/open-bridge.ts";
import { type ClaimFilter, readClaims } from "../lib/read-claims.ts";
import { renderTable, type Style, type Terminal } from "../lib/terminal.ts";

interface Options extends ChaosChoice {
  exec?: string;
  a2a?: string;
  preset?: string;
  model?: string;
  prompt?: PromptForm;
  url?: string;
  token?: string;
  claim: ClaimFilter;
  slots: number;
  timeout?: number;
  finish: number;
  keep?: true;
  state?: string;
  poll?: boolean;
  accepts?: string;
  env: string[];
}

const help = `
The program gets the turn as one line of JSON on stdin and prints its output as a JSON object on stdout. It may print other text and
log lines around it: the last object that fits the role's schema counts, fenced or not, and what stands in <think> does not.
If the output does not parse or is refused it runs again, three times in all, with {"invalid": {"errors": [...], "left": 2,
"output": {...}, "printed": "..."}} in the turn.
A code other than 0 fails the turn with what it said on stderr; 75 asks for another attempt, which takes a role with turn.retries.
It finds NERVEFLARE_TURN, NERVEFLARE_ROLE, NERVEFLARE_WORKFLOW and NERVEFLARE_THREAD in its environment, with PATH, HOME, LANG and the
like; no token and no other variable, unless --env names it. A turn that is revoked
ends it with SIGTERM, 5 s later SIGKILL. So does a thread that is resumed with a supplement: then it runs again, with "resumed" in the turn.
SIGTERM or SIGINT to this command claims nothing more, gives back roles whose turn it does not perform, and lets running turns
finish for as long as --finish; a second one ends it at once.

Example:
  nerveflare agent --exec './review.sh' --claim code-review/reviewer

--a2a has a remote agent of the Agent2Agent protocol hold the roles. Each turn is a message to it, with the prompt as text and the role's
schema as data; what it says is read as leniently as a program's output, and refusals are sent back. A task that asks for input or for
authorization suspends the thread, with what it asks as the reason; resuming the thread answers it. A turn that is revoked cancels the task.
Its token is in NERVEFLARE_REMOTE_TOKEN. With --state a restart goes on with the tasks that it began.

Example:
  nerveflare agent --a2a https://agent.example.com --claim code-review/reviewer

--chaos tries an agent on a bad line: this one, or with a program after -- one of your own, written with whatever client. That is started with
NERVEFLARE_URL set to a proxy on this machine, and with NERVEFLARE_TOKEN, and keeps the rest of the environment. One fault follows another:
${listFaults()}
At the end it says which struck, which turns were answered, and whether one was performed twice; then the command fails.

Example:
  nerveflare agent --chaos -- node my-agent.js`;

/** Defines `nerveflare agent`. */
export function defineCommand(command: Command, context: CommandContext): void {
  addChaosOptions(command)
    .argument("[program...]", "with --chaos: an agent of your own, and its arguments")
    .option("--exec <command>", "the program, run through the shell for each turn")
    .option("--a2a <url>", "in place of a program: a remote A2A agent, by its address or its card's")
    .option("--preset <name>", `a language model's own command, one of ${Object.keys(presets).join(", ")}; list shows what each runs`)
    .option("--model <name>", "with --preset: which model (default: the one that the command uses)")
    .addOption(
      new Option(
        "--prompt <form>",
        "how the program is told its turn: json, or text for a language model (default: text with --preset)",
      ).choices(["json", "text"] satisfies PromptForm[]),
    )
    .option("--url <url>", "the server (default: NERVEFLARE_URL, or the local one)")
    .option("--token <token>", "the agent's token (default: NERVEFLARE_TOKEN)")
    .option("--profile <name>", "server and token by name, as `nerveflare init` keeps them (default: NERVEFLARE_PROFILE)")
    .addOption(
      new Option("--claim <roles>", "which offers to claim: all, none, or workflow/role,…")
        .argParser(readClaims)
        .default(readClaims("all"), "all"),
    )
    .option("--slots <number>", "roles to hold, and programs to run, at a time", readCount, 1)
    .option("--timeout <duration>", "how long a program may take, e.g. 10m (default: as long as its turn)", readTime)
    .addOption(
      new Option("--finish <duration>", "at SIGTERM or SIGINT, how long running turns may take to finish")
        .argParser(readTime)
        .default(30_000, "30s"),
    )
    .option("--keep", "at SIGTERM or SIGINT keep the roles, for the run that follows, rather than give them back")
    .option("--state <file>", "keep answers here, so that no turn is performed twice across a restart")
    .option("--accepts <file>", "JSON: kinds and the JSON Schemas of their data; what does not fit is dropped, and others see what fits")
    .addOption(
      new Option("--env <name>", "a variable that the program gets too, or NAME=value; may be given several times")
        .argParser((name: string, before: string[]) => [...before, name])
        .default([], "none"),
    )
    .option("--poll", "poll, even where sockets work")
    .addHelpText("after", help)
    .action((program: string[], options: Options) => runAgent(program, options, context));
}

async function runAgent(program: string[], given: Options, { terminal, env }: CommandContext): Promise<void> {
  if (given.preset === "list") return listPresets(terminal);
  const preset = readPreset(given);
  const options = preset ? { ...given, exec: given.exec ?? preset.command } : given;
  const fault = findFault(program, options);
  if (fault) throw new CliError(fault.message, { hint: fault.hint, exitCode: exitCodes.usage });
  const server = findServer(options, env);
  const token = chooseToken(server, "token", { option: options.token, env: env.NERVEFLARE_TOKEN });
  if (options.exec === undefined && options.a2a === undefined) {
    const own = token === undefined ? env : { ...env, NERVEFLARE_TOKEN: token };
    return runBehindChaos(options, server, terminal, (url) => runProgram(program, { ...own, NERVEFLARE_URL: url }, terminal));
  }
  const settings = await readSettings(options.exec, token, { ...options, read: preset?.read }, { terminal, env });
  const explain = (error: ClientError) => explainClientError(error, server.url, server.from);
  const runAt = (url: string) => run(() => connectAgent({ ...settings, url }), options, explain);
  await (options.chaos ? runBehindChaos(options, server, terminal, runAt) : runAt(server.url));
}

/** What is wrong with what was asked for. */
function findFault(program: string[], { exec, a2a, chaos }: Options): { message: string; hint: string } | undefined {
  const own = program.length > 0;
  if (a2a !== undefined && (exec !== undefined || own))
    return {
      message: "Both --a2a and a program are given.",
      hint: "An agent performs its turns by one of them: start two agents for both.",
    };
  if (exec !== undefined && own) {
    return {
      message: `Both --exec and a program (${program[0]}) are given.`,
      hint: "Put what --exec runs into quotes, with its arguments.",
    };
  }
  if (own && !chaos) {
    return {
      message: `A program of your own (${program[0]}) is run with --chaos only.`,
      hint: "Start it yourself, or give --exec a program that performs one turn.",
    };
  }
  if (exec === undefined && a2a === undefined && !own) {
    return {
      message: "No program is given.",
      hint: "Give --exec what performs a turn, or --a2a the address of a remote agent; or, with --chaos, an agent of your own after --. See `nerveflare agent --help`.",
    };
  }
  return undefined;
}

/** What a preset stands for, with the model that was named. */
function readPreset({ preset: name, model, exec }: Options): { command: string; read: Preset["read"] } | undefined {
  const usage = (message: string, hint: string) => new CliError(message, { hint, exitCode: exitCodes.usage });
  if (name === undefined) {
    if (model !== undefined) throw usage("--model goes with --preset.", "Name the model in --exec, or give a --preset.");
    return undefined;
  }
  const preset = findPreset(name);
  if (!preset) {
    const near = findNearestName(name, Object.keys(presets));
    throw usage(
      `There is no preset ${name}.`,
      `${near === undefined ? "" : `Did you mean ${near}? `}\`nerveflare agent --preset list\` shows all.`,
    );
  }
  if (model !== undefined && !/^[\w.:@/[\]-]{1,200}$/.test(model))
    throw usage(`${JSON.stringify(model)} is no model's name.`, "Write it as the command takes it.");
  if (model === undefined && preset.needsModel && exec === undefined)
    throw usage(`--preset ${name} needs a model.`, `Give one, such as --preset ${name} --model llama3.2.`);
  return { command: preset.command(model === undefined ? undefined : quoteModel(model)), read: preset.read };
}

/** For the shell, which takes brackets for a pattern. */
function quoteModel(model: string): string {
  return /[[\]]/.test(model) ? `'${model}'` : model;
}

function listPresets(terminal: Terminal): void {
  const rows = Object.entries<Preset>(presets).map(([name, preset]) => ({
    name,
    command: preset.command(undefined),
    ...{ is: preset.is, version: preset.version, install: preset.install, keys: preset.keys },
  }));
  terminal.result(rows, () =>
    renderTable(
      ["PRESET", "RUNS", "WHAT IT IS", "AS OF", "INSTALL", "KEY"],
      rows.map(({ name, command, is, version, install, keys }) => [name, command, is, version, install, keys.join(" ") || "-"]),
      (text) => terminal.style("bold", text),
    ),
  );
}

async function readSettings(
  command: string | undefined,
  token: string | undefined,
  options: Options & Pick<ProgramOptions, "read">,
  { terminal, env }: Pick<CommandContext, "terminal" | "env">,
): Promise<Omit<AgentOptions, "url">> {
  if (!token) {
    const hint =
      "Set NERVEFLARE_TOKEN or give --token; `nerveflare agents add <id>` makes an agent and shows its token. Or register this machine with `nerveflare init`.";
    throw new CliError("No token.", { hint, exitCode: exitCodes.usage });
  }
  return {
    token,
    slots: options.slots,
    ...(options.poll ? { transports: ["poll"] } : {}),
    ...(options.accepts ? { accepts: await readAccepts(options.accepts) } : {}),
    ...(options.state ? { journal: await openJournal(options.state) } : {}),
    onTurn: await chooseHandler(command, options, { terminal, env }),
    onOffer: ({ workflow, role }) => (options.claim(workflow, role) ? "claim" : "ignore"),
    onEvent: ({ id, type, source }) => log(terminal, { level: "info", what: "event", message: `${type} from ${source}`, event: id }),
    onNote: (note) => log(terminal, note),
  };
}

/** Who performs turns: a program, or a remote agent. */
async function chooseHandler(
  command: string | undefined,
  options: Options & Pick<ProgramOptions, "read">,
  { terminal, env }: Pick<CommandContext, "terminal" | "env">,
): Promise<TurnHandler> {
  const note: TakeNote = (each) => log(terminal, each);
  if (command === undefined) {
    const { a2a: url = "", state, keep, timeout } = options;
    const kept = state === undefined ? undefined : `${state}.tasks`;
    return openBridge({ url, token: env.NERVEFLARE_REMOTE_TOKEN, state: kept, keeps: keep === true, timeoutMs: timeout, note });
  }
  const badEnv = options.env.map((each) => findEnvFault(each, env)).find((each) => each !== undefined);
  if (badEnv !== undefined) throw new CliError(`${badEnv}.`, { hint: "Set it, or leave it out.", exitCode: exitCodes.usage });
  const missing = findMissingProgram(command, env);
  const preset = options.preset === undefined ? undefined : findPreset(options.preset);
  const install =
    preset && command.startsWith(`${preset.program} `) ? `Install it: ${preset.install}. Or give --exec what runs it.` : undefined;
  if (missing) throw new CliError(missing.message, { hint: install ?? missing.hint, exitCode: exitCodes.usage });
  if (preset) log(terminal, { level: "info", what: "preset", message: `${options.preset} runs ${command}` });
  return createProgramHandler({
    command,
    env,
    passed: options.env,
    timeoutMs: options.timeout,
    prompt: options.prompt ?? (preset ? "text" : "json"),
    read: options.read,
    note,
  });
}

/** Keeps an agent connected until a signal ends it. */
async function run(connect: () => Agent, options: Options, explain: (error: ClientError) => CliError): Promise<void> {
  const stop = () => {
    // A second signal means now: what is unanswered is given again to whoever connects next.
    for (const signal of signals) process.once(signal, () => process.exit(exitCodes.failed));
    // A socket that is half open would hold the process for minutes: Node's own can't be ended from here.
    void agent?.close({ finish: options.finish, release: !options.keep }).then(() => setTimeout(() => process.exit(), lingerMs).unref());
  };
  for (const signal of signals) process.once(signal, stop);
  let agent: Agent | undefined;
  try {
    agent = connect();
    await agent.closed;
  } catch (error) {
    throw error instanceof ClientError ? explain(error) : error;
  } finally {
    for (const signal of signals) process.removeListener(signal, stop);
  }
}

/** Tries it first: an agent that cannot keep its answers may perform turns twice. */
async function openJournal(file: string): Promise<Journal> {
  const journal = createFileJournal(file);
  try {
    await journal.load();
    return journal;
  } catch (cause) {
    const hint = "Give a file that can be written, in a folder that exists. It need not exist itself; one agent at a time may use it.";
    throw new CliError(`--state ${file} cannot be used: ${(cause as Error).message}`, { hint, exitCode: exitCodes.usage, cause });
  }
}

async function readAccepts(file: string): Promise<Accepts> {
  try {
    const schemas: unknown = JSON.parse(await readFile(file, "utf8"));
    if (typeof schemas !== "object" || schemas === null || Array.isArray(schemas)) throw new TypeError("it is no JSON object");
    return acceptSchemas(schemas as { [kind: string]: unknown });
  } catch (cause) {
    const hint = 'Write kinds and schemas, such as {"deploy.finished": {"type": "object", "required": ["sha"]}}.';
    throw new CliError(`${file}: ${(cause as Error).message}`, { hint, exitCode: exitCodes.usage, cause });
  }
}

const signals = ["SIGTERM", "SIGINT"] as const;

/** From the end of the agent to that of the process, at most: what was printed is out by then. */
const lingerMs = 1_000;

const styles: { [level in Note["level"]]: Style } = { info: "green", warn: "yellow", error: "red" };

function log(terminal: Terminal, note: Note): void {
  const time = new Date().toISOString();
  terminal.result({ time, ...note }, () => {
    const about = [note.turn ?? note.offer, note.code].filter(Boolean).join(" ");
    return `${terminal.style("dim", time.slice(11, 19))} ${terminal.style(styles[note.level], note.what)} ${note.message}${about ? terminal.style("dim", `  ${about}`) : ""}`;
  });
}

function readCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 0 || count > 1_000_000) throw new InvalidArgumentError("Give a whole number.");
  return count;
}

function readTime(text: string): number {
  const ms = readDuration(text);
  if (ms === undefined) throw new InvalidArgumentError("Give a duration such as 500ms, 30s, 10m or 2h.");
  return ms;
}
