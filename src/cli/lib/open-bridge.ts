/** What `nerveflare agent --a2a` performs turns by: a remote agent, and what is remembered of its tasks. */
import type { TurnHandler } from "../../client/handlers.ts";
import type { TakeNote } from "../../client/note.ts";
import { CliError, exitCodes } from "./command.ts";

/** How the remote agent is spoken to. */
export interface BridgeSettings {
  url: string;
  /** The remote agent's token. */
  token: string | undefined;
  /** Where tasks are remembered beyond this process. */
  state: string | undefined;
  keeps: boolean;
  timeoutMs: number | undefined;
  note: TakeNote;
}

/** @throws CliError where there is no speaking to it, or its tasks cannot be kept */
export async function openBridge({ url, token, state, keeps, timeoutMs, note }: BridgeSettings): Promise<TurnHandler> {
  // The protocol's package is read by nobody else.
  const { openRemote, RemoteError } = await import("../../a2a/open-remote.ts");
  const { createRemoteHandler } = await import("../../a2a/create-remote-handler.ts");
  const { createRemoteTasks } = await import("../../a2a/remote-tasks.ts");
  try {
    const tasks = createRemoteTasks(state);
    const remote = await openRemote(url, token === undefined ? {} : { authorization: `Bearer ${token}` });
    note({ level: "info", what: "remote", message: `${remote.name} at ${url}, ${remote.streams ? "streaming" : "polled"}` });
    return createRemoteHandler({ remote, tasks, keeps, timeoutMs, note });
  } catch (cause) {
    if (cause instanceof RemoteError) throw new CliError(cause.message, { hint: cause.hint, exitCode: exitCodes.usage, cause });
    const hint = "Give --state a file that can be written, in a folder that exists; one agent at a time may use it.";
    throw new CliError(`Remote tasks cannot be kept in ${state}: ${(cause as Error).message}`, { hint, exitCode: exitCodes.usage, cause });
  }
}
