/** Loads a machine of a thread's stored revision. */
import { loadMachine } from "../../../../machines/load-machine.ts";
import { NewerVersionError } from "../../host/newer-version.ts";

type LoadResult = ReturnType<typeof loadMachine>;

/**
 * @throws {NewerVersionError} when its vocabulary is unknown: it only grows, so newer code has compiled it
 * @throws what is wrong with the config
 */
export function loadStoredMachine(config: Parameters<typeof loadMachine>[0]): Extract<LoadResult, { ok: true }>["machine"] {
  const result = loadMachine(config);
  if (result.ok) return result.machine;
  const message = result.faults.map(({ at, message: what }) => `${at}: ${what}`).join("; ");
  throw result.faults.some(({ code }) => code === "unknown_version") ? new NewerVersionError(`a machine (${message})`) : new Error(message);
}
