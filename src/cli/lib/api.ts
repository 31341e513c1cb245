/** The HTTP API for commands: which server, whose token, and what to do when something is in the way. */
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { type Artifacts, createArtifacts } from "../../client/artifacts.ts";
import { ClientError } from "../../client/client-error.ts";
import { systemClock } from "../../client/clock.ts";
import { createHttpCaller, foreignAnswer, type HttpCall, openStream } from "../../client/http.ts";
import { CliError, type CommandContext, exitCodes } from "./command.ts";
import { chooseToken, findServer } from "./find-server.ts";

/** The options that every command of the API has. */
export interface ApiOptions {
  url?: string;
  token?: string;
  profile?: string;
}

/** Calls the API. */
export interface Api {
  readonly url: string;
  /** @throws CliError that says what to do */
  call(method: string, path: string, call?: HttpCall): Promise<unknown>;
  /**
   * Sends an order under an idempotency key, and again under the same where the answer is lost: it is followed once.
   * @param key of its own unless given
   * @throws CliError that says what to do
   */
  order(path: string, body: object, key?: string): Promise<unknown>;
  /** Opens what streams. @throws CliError that says what to do */
  open(path: string, headers: Record<string, string>, signal: AbortSignal): Promise<Response>;
}

/** Adds `--url`, `--token` and `--profile`. */
export function addApiOptions(command: Command): Command {
  return command
    .option("--url <url>", "the server (default: NERVEFLARE_URL, or the local one)")
    .option("--token <token>", "operator's token (default: NERVEFLARE_ADMIN_TOKEN, or the local server's own)")
    .option("--profile <name>", "server and token by name (default: NERVEFLARE_PROFILE, or `nerveflare profiles use`)");
}

/**
 * Makes an {@link Api} with an operator's token.
 * @throws CliError if there is none
 */
export function createApi(options: ApiOptions, { env }: Pick<CommandContext, "env">): Api {
  const { url, token, from } = findAccess(options, env);
  // `post` and `broadcast` are for agents too.
  const whose = options.token === undefined ? "operator" : "agent";
  const http = createHttpCaller({ url, token, fetch: (address, init) => fetch(address, init), clock: systemClock });
  const explain = (error: unknown): never => {
    throw error instanceof ClientError ? explainClientError(error, url, from, whose) : error;
  };
  return {
    url,
    call: (method, path, call) => http.call(method, path, call).catch(explain),
    order: (path, body, key = randomUUID()) =>
      sendOrder(() => http.call("POST", path, { body: JSON.stringify(body), headers: { "idempotency-key": key } })).catch(explain),
    open: (path, headers, signal) => openStream({ url, token, path, headers, signal }).catch(explain),
  };
}

/** @throws CliError if there is no token */
function findAccess(options: ApiOptions, env: CommandContext["env"]): { url: string; token: string; from: string } {
  const server = findServer(options, env);
  const { url } = server;
  const token = chooseToken(server, "adminToken", { option: options.token, env: env.NERVEFLARE_ADMIN_TOKEN }) ?? readLocalToken(env);
  if (!token) {
    throw new CliError("No operator's token.", {
      hint: "Set NERVEFLARE_ADMIN_TOKEN, give --token, or keep it with `nerveflare profiles add`. A local server keeps its own in .nerveflare/admin-token: run this where it was started, or set NERVEFLARE_DATA.",
      exitCode: exitCodes.usage,
    });
  }
  return { url, token, from: server.from };
}

/**
 * Puts or fetches artifacts by the same options.
 * @throws CliError that says what to do
 */
export async function withArtifacts<T>(
  options: ApiOptions,
  { env }: Pick<CommandContext, "env">,
  work: (artifacts: Artifacts) => Promise<T>,
): Promise<T> {
  const { url, token, from } = findAccess(options, env);
  const send = (address: string, init: object): Promise<Response> => fetch(address, init);
  try {
    return await work(createArtifacts({ url, token, fetch: send, clock: systemClock, random: Math.random }));
  } catch (error) {
    throw error instanceof ClientError ? explainClientError(error, url, from, options.token === undefined ? "operator" : "agent") : error;
  }
}

/** Milliseconds before an order whose answer is lost is sent again: a server that restarts takes a few seconds. */
const orderPauses = [500, 2_000, 5_000];

/** Whether the order may have been followed, or may be now: nobody has refused it. */
function isUnanswered(error: unknown): boolean {
  if (!(error instanceof ClientError)) return false;
  // Nobody is there at all: the person had better know at once.
  if (error.code === "network") return !/ECONNREFUSED|ENOTFOUND|bad port|SSL/.test(error.message);
  if (error.code !== "unavailable") return false;
  const { detail } = error.problem ?? { detail: "" };
  // A proxy that lost the server on the way says nothing of the order; any other page is no server's.
  return !detail.startsWith(foreignAnswer) || Number.parseInt(detail.slice(foreignAnswer.length), 10) >= 500;
}

async function sendOrder(send: () => Promise<unknown>): Promise<unknown> {
  for (const pause of orderPauses) {
    try {
      return await send();
    } catch (error) {
      if (!isUnanswered(error)) throw error;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
  return send();
}

function readLocalToken(env: CommandContext["env"]): string | undefined {
  try {
    return readFileSync(join(env.NERVEFLARE_DATA || ".nerveflare", "admin-token"), "utf8").trim() || undefined;
  } catch {
    return undefined;
  }
}

/**
 * Says what happened and what to do about it.
 * @param from what named the address
 * @param whose token the call carries
 */
export function explainClientError(error: ClientError, url: string, from: string, whose: "agent" | "operator" = "agent"): CliError {
  const { code, problem, message, retryAfter } = error;
  const say = (hint: string) => new CliError(problem ? `${problem.nrv} ${code}: ${problem.detail}` : message, { hint, cause: error });
  if (code === "network") {
    const [line] = message.split("\n");
    const speaksHttp = url.startsWith("https:") && /SSL|wrong version number/i.test(message);
    return new CliError(`Nothing answers at ${url} (${speaksHttp ? "no TLS is spoken at that port" : line}).`, {
      hint: speaksHttp
        ? `The address is from ${from}. Give it with http: if the server is meant to be reached without TLS.`
        : `The address is from ${from}. Start a server with \`nerveflare start\`, or say where it is with --url, --profile or NERVEFLARE_URL.`,
      cause: error,
    });
  }
  if (code === "invalid_options")
    return new CliError(message, { hint: "Look at --url, --token and the environment.", exitCode: exitCodes.usage });
  if (problem?.detail.startsWith(foreignAnswer)) {
    const status = problem.detail.slice(foreignAnswer.length).split(":", 1)[0];
    return new CliError(`What answers at ${url} is no nerveflare server, or something on the way to one (status ${status}).`, {
      hint: `The address is from ${from}. Look whether host, port and path are right; a proxy before the server must pass /v1/ on.`,
      cause: error,
    });
  }
  if (code === "unauthenticated")
    return say(
      whose === "agent"
        ? "The token is not valid here. Ask the operator for another; `nerveflare agents add` makes one."
        : "The token is not valid here. A local server keeps its operator's token in .nerveflare/admin-token: run this where it was started, or set NERVEFLARE_DATA. Other operators' are made by `nerveflare operators add`.",
    );
  if (code === "forbidden")
    return say("This token may not do that. Commands beside `agent` need an operator's token, and changes one that may not only read.");
  if (code === "not_found" && URL.parse(url)?.pathname !== "/" && problem?.detail.startsWith("There is no /"))
    return say(`The address is from ${from}, and its path stands before each call: is it right?`);
  if (problem?.retryable && code !== "output_invalid")
    return say(`Try again${retryAfter === undefined ? " later" : ` in ${retryAfter} s`}.`);
  return new CliError(problem ? `${problem.nrv} ${code}: ${problem.detail}` : message, { cause: error });
}

/** A query of what is given. */
export function createQuery(values: { [name: string]: string | undefined }): string {
  return new URLSearchParams(Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined)).toString();
}
