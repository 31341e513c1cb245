/** Makes every state and transition of a config say that it was taken, so that a run tells what it covered. */
import type { ConfigJson, MachineConfigJson, NamedJson, StateJson, TransitionJson, TransitionsJson } from "../../../machines/config.ts";

/** A write that has no effect in either machine: it carries a mark out of the step. */
export const markType = "progress.note";

/** A state or a transition that a run may cover. */
export interface Place {
  id: string;
  kind: "state" | "transition";
  /** Path of the state, or of the transition's source. */
  state: string;
  /** Of a transition: its event, `always`, `after 600000`, … */
  event?: string;
  target?: string;
  description?: string;
  guard?: NamedJson;
  /** Of a transition: an earlier one always takes the event. */
  shadowed?: boolean;
}

/** A marked copy, and all that it marks. */
export interface MarkedConfig {
  config: MachineConfigJson;
  places: Place[];
}

function mark(id: string): NamedJson {
  return { type: markType, params: { mark: id } as { [key: string]: ConfigJson } };
}

/** The marks among what left a step. */
export function readMarks(written: { type: string; params: Record<string, unknown> }[]): string[] {
  return written.flatMap(({ type, params }) => (type === markType && typeof params["mark"] === "string" ? [params["mark"]] : []));
}

/** Counters of guards, and how many repetitions are enough to see both sides of each. */
const counters: Record<string, [param: string, most: number]> = {
  retriesLeft: ["max", 2],
  mayRetry: ["max", 2],
  currentAgain: ["max", 2],
  offersLeft: ["retries", 2],
};

function clamp({ guard }: TransitionJson, rounds: number): void {
  const known = guard && Object.hasOwn(counters, guard.type) ? counters[guard.type] : undefined;
  const counter = guard?.type === "outOfRounds" ? (["max", rounds] as const) : known;
  if (!guard?.params || !counter) return;
  const [param, most] = counter;
  const value = guard.params[param];
  if (typeof value === "number") guard.params[param] = Math.min(value, most);
}

/** Marks a copy of the config; counters in its guards are made small, so that a short path gets past them; `max_rounds` to `rounds`. */
export function markConfig(original: MachineConfigJson, rounds: number): MarkedConfig {
  const config = structuredClone(original);
  const places: Place[] = [];

  function markTransitions(transitions: TransitionsJson | undefined, state: string, event: string): void {
    const list = transitions === undefined ? [] : Array.isArray(transitions) ? transitions : [transitions];
    let shadowed = false;
    for (const [index, transition] of list.entries()) {
      clamp(transition, rounds);
      const id = `${state} ${event}${list.length > 1 ? ` ${index}` : ""}`;
      const { target, description, guard } = transition;
      places.push({
        id,
        kind: "transition",
        state,
        event,
        ...(target === undefined ? {} : { target }),
        ...(description === undefined ? {} : { description }),
        ...(guard === undefined ? {} : { guard }),
        ...(shadowed ? { shadowed } : {}),
      });
      shadowed ||= guard === undefined;
      transition.actions = [mark(id), ...(transition.actions ?? [])];
    }
  }

  function markState(state: StateJson, path: string): void {
    if (state.type === "history") return;
    places.push({ id: path, kind: "state", state: path, ...(state.description === undefined ? {} : { description: state.description }) });
    state.entry = [mark(path), ...(state.entry ?? [])];
    markTransitions(state.always, path, "always");
    for (const [delay, transitions] of Object.entries(state.after ?? {})) markTransitions(transitions, path, `after ${delay}`);
    for (const [event, transitions] of Object.entries(state.on ?? {})) markTransitions(transitions, path, event);
    markTransitions(state.invoke?.onDone, path, "done");
    markTransitions(state.invoke?.onError, path, "error");
    for (const [name, child] of Object.entries(state.states ?? {})) markState(child, `${path}.${name}`);
  }

  markState(config, config.id);
  return { config, places };
}
