/** Which server a command talks to, and with whose tokens: option, named profile, environment, current profile, the local one. */
import { findServedUrl } from "../../local-server/data-folder.ts";
import { CliError, type CommandContext, exitCodes } from "./command.ts";
import { getProfile, type Profile, readConfig } from "./config-file.ts";
import { chooseDataFolder } from "./data-option.ts";

/** Where the local server listens, unless it was told otherwise. */
export const defaultUrl = "http://127.0.0.1:8787";

export interface ServerOptions {
  url?: string | undefined;
  profile?: string | undefined;
}

export interface ServerChoice {
  url: string;
  /** What named the address, for who wonders. */
  from: string;
  /** Its tokens are for this address. `asked`: it was named on the command line, and goes before the environment. */
  profile: (Profile & { name: string; asked: boolean }) | undefined;
}

/**
 * Finds the server.
 * @throws CliError if the address is none, or there is no such profile
 */
export function findServer(options: ServerOptions, env: CommandContext["env"]): ServerChoice {
  const asked = options.profile !== undefined;
  const config = asked || !options.url || env.NERVEFLARE_PROFILE ? readConfig(env) : { current: null, profiles: {} };
  const name = options.profile ?? env.NERVEFLARE_PROFILE ?? config.current ?? undefined;
  const profile = name === undefined ? undefined : { ...getProfile(config, name), name, asked };
  const places: [url: string | undefined, from: string][] = [
    [options.url, "--url"],
    [asked ? profile?.url : undefined, `profile ${name}`],
    [env.NERVEFLARE_URL, "NERVEFLARE_URL"],
    [profile?.url, `profile ${name}`],
  ];
  const [url, from] = places.find((place): place is [string, string] => place[0] !== undefined) ?? findLocalServer(env);
  checkUrl(url, from);
  // A token goes to the server that it is for, and to no other.
  const isIts = profile !== undefined && URL.parse(profile.url)?.href === URL.parse(url)?.href;
  return { url, from, profile: isIts ? profile : undefined };
}

/** The server that runs on the data folder, whose token is taken as well; else where one listens that was told no port. And what said so. */
export function findLocalServer(env: CommandContext["env"]): [url: string, from: string] {
  const data = chooseDataFolder(env.NERVEFLARE_DATA);
  const url = findServedUrl(data);
  return url === undefined ? [defaultUrl, "the default"] : [url, `the server of ${data}`];
}

/** @throws CliError if it is no server's address */
export function checkUrl(url: string, from: string): void {
  if (/^https?:$/.test(URL.parse(url)?.protocol ?? "")) return;
  throw new CliError(`${JSON.stringify(url)} is not a server's address.`, {
    hint: `It is from ${from}. Give one like ${defaultUrl}.`,
    exitCode: exitCodes.usage,
  });
}

/** The token that goes first: option, named profile, environment, current profile. */
export function chooseToken(
  { profile }: ServerChoice,
  kind: "token" | "adminToken",
  given: { option: string | undefined; env: string | undefined },
): string | undefined {
  const kept = profile?.[kind];
  return given.option ?? (profile?.asked ? kept : undefined) ?? given.env ?? kept;
}
