/**
 * The user's own file of servers: profiles, each an address and the tokens for it, readable by its owner alone. Knows no
 * command.
 */
import { mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as z from "zod";
import { replaceFile } from "../../replace-file.ts";
import { CliError, type CommandContext, exitCodes } from "./command.ts";

const profile = z.looseObject({
  url: z.string(),
  /** Whose `token` it is. */
  agent: z.string().optional(),
  /** An agent's. */
  token: z.string().optional(),
  /** An operator's. */
  adminToken: z.string().optional(),
  /** Which Worker it is, of those that `nerveflare deploy` brought to Cloudflare. */
  deployment: z
    .looseObject({
      worker: z.string(),
      account: z.string(),
      /** Whether it was seen to answer at `url`. */
      answered: z.boolean(),
      /** The admin token of a deploy that has not come to its end. */
      pendingToken: z.string().optional(),
    })
    .optional(),
});
const config = z.looseObject({ current: z.string().nullable().default(null), profiles: z.record(z.string(), profile).default({}) });

/** One server and who one is there. */
export type Profile = z.infer<typeof profile>;
export type Config = z.infer<typeof config>;

type Env = CommandContext["env"];

/** Where the file is; undefined where the environment names no place for it. */
export function findConfigFile(env: Env): string | undefined {
  const base = env["XDG_CONFIG_HOME"] ?? env["APPDATA"] ?? (env["HOME"] ? join(env["HOME"], ".config") : undefined);
  const folder = env["NERVEFLARE_CONFIG_DIR"] ?? (base && join(base, "nerveflare"));
  return folder && join(folder, "config.json");
}

/**
 * What is in the file; nothing where there is none.
 * @throws CliError if it is not readable or not what this program wrote
 */
export function readConfig(env: Env): Config {
  const file = findConfigFile(env);
  let text: string;
  try {
    text = file ? readFileSync(file, "utf8") : "{}";
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return config.parse({});
    throw new CliError(`${file} cannot be read: ${(cause as Error).message}`, { cause });
  }
  try {
    return config.parse(JSON.parse(text));
  } catch (cause) {
    throw new CliError(`${file} is not a file of profiles as nerveflare writes it.`, {
      hint: 'Mend it, {"current": "name", "profiles": {"name": {"url": "…"}}}, or move it away.',
      cause,
    });
  }
}

/**
 * Replaces the file, at once or not at all; only its owner may read it.
 * @returns its path
 * @throws CliError where it cannot be written
 */
export function writeConfig(env: Env, value: Config): string {
  const file = findConfigFile(env);
  if (!file) {
    throw new CliError("There is no place for the file of profiles.", {
      hint: "Set NERVEFLARE_CONFIG_DIR, XDG_CONFIG_HOME or HOME.",
      exitCode: exitCodes.usage,
    });
  }
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    replaceFile(file, `${JSON.stringify(value, null, 2)}\n`);
  } catch (cause) {
    throw new CliError(`${file} cannot be written: ${(cause as Error).message}`, { cause });
  }
  return file;
}

/** @throws CliError with the names that there are */
export function getProfile({ profiles }: Config, name: string): Profile {
  const found = Object.hasOwn(profiles, name) ? profiles[name] : undefined;
  if (found) return found;
  const names = Object.keys(profiles);
  throw new CliError(`There is no profile ${name}.`, {
    hint:
      names.length > 0 ? `There are: ${names.join(", ")}.` : "`nerveflare profiles add <name> --url <url>` or `nerveflare init` makes one.",
    exitCode: exitCodes.usage,
  });
}
