/** Tells the keepers of the registry that it changed. A keeper that is not reached reads it again within ten seconds, so a failure here does not fail the change. */
import type { AppPorts } from "./app-ports.ts";

/** Tries twice, then logs that keepers may be out of date for ten seconds at most. */
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
