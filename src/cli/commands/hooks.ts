/** `nerveflare hooks`: which services may post here, what their deliveries become, and what was refused. */
import { readFile } from "node:fs/promises";
import { type Command, Option } from "commander";
import { checkMapping } from "../../compile/check-mapping.ts";
import { type HookSender, hookSenders } from "../../contract/hook-senders.ts";
import type { HookRecord, HookStanding, HookTrial } from "../../contract/views/hook.ts";
import { type ApiOptions, addApiOptions, createApi, createQuery } from "../lib/api.ts";
import { renderDiagnostic } from "../lib/check/render-diagnostic.ts";
import { CliError, type CommandContext, exitCodes } from "../lib/command.ts";
import { readSeconds } from "../lib/read-seconds.ts";
import { renderTable } from "../lib/terminal.ts";

interface GivenMap {
  map?: string | undefined;
  mapFile?: string | undefined;
}

type Mapped = ApiOptions & GivenMap;
type Adding = Mapped & { from: HookSender; kind: string[]; secretEnv?: string; note?: string };
type Setting = Mapped & { kind?: string[]; note?: string };
type Testing = Mapped & { payload: string; header: string[] };

/** A path of the API about one hook. */
const createPath = (name: string, rest = "") => `v1/hooks/${encodeURIComponent(name)}${rest}`;

/** Defines `nerveflare hooks add|set|rotate|remove|list|show|test`. */
export function defineCommand(command: Command, context: CommandContext): void {
  defineMaking(command, context);
  defineReading(command, context);
}

function addMapOptions(command: Command): Command {
  return command
    .option("--map <expression>", "JSONata over {event, body, headers, delivery} that gives {kind, data}, a list of these, or nothing")
    .option("--map-file <file>", "a file that holds it");
}

function defineMaking(command: Command, context: CommandContext): void {
  const { terminal, env } = context;
  const dim = (text: string): void => terminal.hint(terminal.style("dim", text));

  const add = command
    .command("add <name>")
    .description("Let a service post to /v1/hooks/<name>, and show the secret that it signs with, once.");
  addApiOptions(addMapOptions(add))
    .addOption(new Option("--from <sender>", "who signs how").choices(hookSenders).makeOptionMandatory())
    .requiredOption("--kind <kind...>", "kinds of events that the map may make, and prefixes `x.*`")
    .option("--secret-env <variable>", "the variable that holds the sender's secret, where the sender makes it (default: one is made)")
    .option("--note <text>", "what it is for")
    .action(async (name: string, { from, kind, note, secretEnv, map, mapFile, ...options }: Adding) => {
      const body = {
        name,
        from,
        kinds: kind,
        map: await readMap({ map, mapFile }, context, true),
        note,
        secret: readSecret(secretEnv, env),
      };
      const api = createApi(options, context);
      const made = (await api.call("POST", "v1/hooks", { body: JSON.stringify(body) })) as HookRecord & { secret?: string };
      const address = `${api.url.replace(/\/+$/, "")}/v1/hooks/${made.name}`;
      terminal.result({ ...made, address }, () => made.secret ?? address);
      dim(
        made.secret === undefined
          ? "The sender posts there."
          : `This is the secret, shown only now. The sender posts to ${address} and signs with it.`,
      );
    });

  addApiOptions(addMapOptions(command.command("set <name>").description("Give a hook another map, other kinds or another note.")))
    .option("--kind <kind...>", "kinds of events that the map may make, and prefixes `x.*`")
    .option("--note <text>", "what it is for")
    .action(async (name: string, { kind, note, map, mapFile, ...options }: Setting) => {
      const body = JSON.stringify({ kinds: kind, note, map: await readMap({ map, mapFile }, context, false) });
      const changed = await createApi(options, context).call("PATCH", createPath(name), { body });
      terminal.result(changed, () => `${terminal.style("green", "changed")} ${name}`);
    });

  addApiOptions(command.command("rotate <name>").description("Give a hook another secret and show it, once."))
    .option("--overlap <duration>", "how long the former secret is good as well, 0 for not at all (default: 24h)")
    .option("--secret-env <variable>", "the variable that holds the sender's new secret (default: one is made)")
    .action(async (name: string, { overlap, secretEnv, ...options }: ApiOptions & { overlap?: string; secretEnv?: string }) => {
      const body = JSON.stringify({ overlapSeconds: readSeconds(overlap), secret: readSecret(secretEnv, env) });
      const answer = (await createApi(options, context).call("POST", createPath(name, "/secret"), { body })) as {
        secret?: string;
        formerUntil: string;
      };
      terminal.result(answer, () => answer.secret ?? `${terminal.style("green", "changed")} ${name}`);
      dim(`The former secret ${readSeconds(overlap) === 0 ? "is good no more" : `is good until ${answer.formerUntil}`}.`);
    });

  addApiOptions(command.command("remove <name>").description("Remove a hook: nothing is taken any more.")).action(
    async (name: string, options: ApiOptions) => {
      await createApi(options, context).call("DELETE", createPath(name));
      terminal.result({ removed: name }, () => `${terminal.style("green", "removed")} ${name}`);
    },
  );
}

function defineReading(command: Command, context: CommandContext): void {
  const { terminal } = context;
  const bold = (text: string): string => terminal.style("bold", text);

  addApiOptions(command.command("list").description("List hooks."))
    .option("--limit <number>", "at most so many", "50")
    .option("--after <cursor>", "where the page before ended")
    .action(async ({ limit, after, ...options }: ApiOptions & { limit: string; after?: string }) => {
      const page = (await createApi(options, context).call("GET", `v1/hooks?${createQuery({ limit, after })}`)) as {
        hooks: HookRecord[];
        next: string | null;
      };
      const rows = page.hooks.map(({ name, from, kinds, note }) => [name, from, kinds.join(" "), note || "-"]);
      terminal.result(page, () => renderTable(["HOOK", "FROM", "EVENTS", "NOTE"], rows, bold));
      if (page.next !== null) terminal.hint(`More with --after ${page.next}`);
    });

  addApiOptions(command.command("show <name>").description("Show a hook: what it took, and what it refused and why.")).action(
    async (name: string, options: ApiOptions) => {
      const { standing, ...hook } = (await createApi(options, context).call("GET", createPath(name))) as HookRecord & {
        standing: HookStanding | null;
      };
      terminal.result({ ...hook, standing }, () =>
        [
          renderTable(["FACT", "VALUE"], listFacts(hook, standing), bold),
          ...(standing?.refusals.length ? ["", renderTable(["REFUSED", "WHEN", "DELIVERY", "WHY"], listRefusals(standing), bold)] : []),
        ].join("\n"),
      );
    },
  );

  addApiOptions(
    addMapOptions(command.command("test <name>").description("Say what a map makes of a payload that was kept. Nothing is sent.")),
  )
    .requiredOption("--payload <file>", "the body as it came")
    .option("--header <header...>", "headers as they came, e.g. 'X-GitHub-Event: pull_request'", [])
    .action(async (name: string, { payload, header, map, mapFile, ...options }: Testing) => {
      const headers = Object.fromEntries(header.map(readHeader));
      const body = JSON.stringify({ headers, body: await readText(payload), map: await readMap({ map, mapFile }, context, false) });
      const trial = (await createApi(options, context).call("POST", createPath(name, "/test"), { body })) as HookTrial;
      terminal.result(trial, () =>
        trial.status === "ignored"
          ? `${terminal.style("yellow", "ignored")}: ${trial.reason}`
          : trial.events.map((event) => `${terminal.style("green", event.kind)} ${JSON.stringify(event, undefined, 2)}`).join("\n"),
      );
    });
}

/** The map that is given, checked as the server will check it. @throws CliError with the findings */
async function readMap({ map, mapFile }: GivenMap, { terminal }: CommandContext, isNeeded: boolean): Promise<string | undefined> {
  if (map !== undefined && mapFile !== undefined) throw new CliError("Give one of --map and --map-file.", { exitCode: exitCodes.usage });
  if (map === undefined && mapFile === undefined) {
    if (!isNeeded) return undefined;
    throw new CliError("Say what a delivery becomes.", {
      hint: `Give --map, e.g. --map '{"kind": "a.b", "data": body}', or --map-file.`,
      exitCode: exitCodes.usage,
    });
  }
  const text = map ?? (await readText(mapFile ?? ""));
  const diagnostics = checkMapping(text);
  for (const each of diagnostics)
    terminal.hint(`${renderDiagnostic({ file: mapFile ?? "--map", text, diagnostics }, each, terminal.style)}\n`);
  if (diagnostics.length > 0) throw new CliError("The map has errors. Nothing was changed.");
  return text;
}

/** What an option's variable holds: a secret in an argument is seen by all who list processes. */
function readSecret(variable: string | undefined, env: CommandContext["env"]): string | undefined {
  if (variable === undefined) return undefined;
  const secret = env[variable];
  if (secret) return secret;
  throw new CliError(`The variable ${variable} is not set.`, {
    hint: "Give the variable's name, and the secret in it.",
    exitCode: exitCodes.usage,
  });
}

function readHeader(header: string): [string, string] {
  const at = header.indexOf(":");
  if (at < 1) throw new CliError(`${JSON.stringify(header)} is no header.`, { hint: "Write `Name: value`.", exitCode: exitCodes.usage });
  return [header.slice(0, at).trim(), header.slice(at + 1).trim()];
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw new CliError(`${file} cannot be read: ${(error as Error).message}`, { exitCode: exitCodes.usage });
  }
}

function listFacts(hook: HookRecord, standing: HookStanding | null): [string, string][] {
  const facts: [string, string][] = [
    ["name", hook.name],
    ["from", hook.from],
    ["events", hook.kinds.join(" ")],
    ["note", hook.note || "-"],
    ["created", `${hook.createdAt} by ${hook.createdBy}`],
  ];
  if (!standing) return facts;
  const { map, accepted, lastAcceptedAt, ignored, lastIgnored, formerSecretUntil } = standing;
  return [
    ...facts,
    ["map", map.replaceAll(/\s+/g, " ").trim()],
    ["accepted", `${accepted}, the last ${lastAcceptedAt ?? "never"}`],
    ["ignored", lastIgnored ? `${ignored}, the last ${lastIgnored.at}: ${lastIgnored.reason}` : String(ignored)],
    ...(formerSecretUntil === null ? [] : ([["former secret", `good until ${formerSecretUntil}`]] as [string, string][])),
  ];
}

function listRefusals({ refusals }: HookStanding): string[][] {
  return refusals.flatMap(({ code, count, last }) =>
    last.map(({ at, detail, delivery }, index) => [index === 0 ? `${code} (${count})` : code, at, delivery ?? "-", detail]),
  );
}
