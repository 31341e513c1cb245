/** How a workflow's queue and whoever asks it call what came of a reflex. */
import type { ReflexKind } from "./language.ts";
import type { Verdict } from "./routing.ts";

/** Under what its workflow's queue knows what came of a reflex that fired; undefined: the queue has nothing to do with it. */
export function nameOutcome(event: { source: string; id: string }, { verdict, kind, place, thread }: Verdict): string | undefined {
  if (verdict !== "fired") return undefined;
  const names: Record<ReflexKind, string | undefined> = {
    workflow: thread,
    signal: `${place} ${event.source} ${event.id}`,
    emit: undefined,
  };
  return names[kind];
}
