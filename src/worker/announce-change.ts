/** Tells the keepers of the registry that it changed. What they hear late they read anew within ten seconds, so a change that was made is never answered as one that failed. */
import type { AppPorts } from "./app-ports.ts";

/** Tries twice; then says in the log that keepers may answer from what they had, for ten seconds at most. */
export async function announceChange({ registryChanged, log }: Pick<AppPorts, "registryChanged" | "log">): Promise<void> {
  for (const last of [false, true]) {
    try {
      return await registryChanged();
    } catch (error) {
      if (last)
        log({ level: "warn", at: "registry", message: `a change could not be announced; it holds within ten seconds: ${String(error)}` });
    }
  }
}
