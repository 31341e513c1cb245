/** The transitions of a state of a config, in the words of a picture. */
import type { StateJson, TransitionJson, TransitionsJson } from "../../../machines/config.ts";
import type { PictureEdge } from "./picture.ts";
import { writeDuration } from "./write-duration.ts";

/** One transition and what brings it about. */
export interface ReadTransition {
  /** The event's type; `after 10m`; empty where a condition suffices. */
  event: string;
  transition: TransitionJson;
  kind: PictureEdge["kind"];
}

function toList(transitions: TransitionsJson | undefined): TransitionJson[] {
  if (transitions === undefined) return [];
  return Array.isArray(transitions) ? transitions : [transitions];
}

function writeEvent(type: string): string {
  const [, what, actor] = /^xstate\.(done|error)\.actor\.(.+)$/.exec(type) ?? [];
  return what === undefined ? type : `${actor} ${what === "done" ? "is done" : "broke"}`;
}

function chooseKind({ guard, description }: TransitionJson): PictureEdge["kind"] {
  if (guard?.type !== "chose") return "event";
  return description?.startsWith("$") ? "status" : "author";
}

/** All transitions of a state, in the order in which they are tried. */
export function readTransitions({ always, on = {}, after = {}, invoke }: StateJson): ReadTransition[] {
  const read = (transitions: TransitionsJson | undefined, event: string): ReadTransition[] =>
    toList(transitions).map((transition) => ({ event, transition, kind: chooseKind(transition) }));
  return [
    ...read(always, ""),
    ...(invoke ? [...read(invoke.onDone, `${invoke.id} is done`), ...read(invoke.onError, `${invoke.id} broke`)] : []),
    ...Object.entries(on).flatMap(([type, transitions]) => read(transitions, writeEvent(type))),
    ...Object.entries(after).flatMap(([delay, transitions]) =>
      toList(transitions).map(
        (transition): ReadTransition => ({ event: `after ${writeDuration(Number(delay))}`, transition, kind: "timer" }),
      ),
    ),
  ];
}

/** Where a transition of the state at `path` leads: names from the root on. */
export function resolveTarget(path: string[], target: string, machine: string): string[] {
  if (target === `#${machine}`) return [];
  if (target.startsWith(`#${machine}.`)) return target.slice(machine.length + 2).split(".");
  if (target.startsWith(".")) return [...path, ...target.slice(1).split(".")];
  return [...path.slice(0, -1), ...target.split(".")];
}
