/**
 * What the names in a config mean, per version. The vocabulary only grows: a thread stores its compiled config beside
 * its snapshot and is never recompiled, so every name that was ever released stays.
 */

import { recruitmentEvents, taskEvents, writeTypes } from "./messages.ts";
import { recruitmentActions } from "./recruitment/actions.ts";
import { recruitmentGuards } from "./recruitment/guards.ts";
import { type ActionMeaning, type GuardMeaning, implementAction, implementGuard } from "./steps.ts";
import { taskActions } from "./task/actions.ts";
import { taskGuards } from "./task/guards.ts";

/** Names and XState's implementations of them. */
export interface Vocabulary {
  guards: Record<string, unknown>;
  actions: Record<string, unknown>;
  /** Names of actors that may be invoked or spawned. */
  actors: readonly string[];
  /** Types of events that a config may name, the host's own `xstate.*` apart. */
  events: readonly string[];
}

function implement<Context>(
  guards: Record<string, GuardMeaning<Context>>,
  actions: Record<string, ActionMeaning<Context>>,
  actors: readonly string[],
  events: readonly string[],
): Vocabulary {
  // A write does nothing inside the machine: it leaves the step as an effect of that name.
  const writes = Object.fromEntries(writeTypes.map((type) => [type, () => {}]));
  const named = Object.entries(actions).map(([name, mean]) => [name, implementAction(mean)]);
  return {
    guards: Object.fromEntries(Object.entries(guards).map(([name, mean]) => [name, implementGuard(mean)])),
    actions: { ...Object.fromEntries(named), ...writes },
    actors,
    events,
  };
}

/** Every released version. */
export const vocabularies: Record<string, Vocabulary> = {
  "recruitment/1": implement(recruitmentGuards, recruitmentActions, ["task"], recruitmentEvents),
  "task/1": implement(taskGuards, taskActions, ["moderate"], taskEvents),
};
