/**
 * Judges a machine's config before it is run: XState resolves an unknown action to an effect, an unknown delay to zero
 * and a guard called `toString` to the prototype's, so every name is checked here first.
 */
import type { MachineConfigJson } from "./config.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** What keeps a config from being loaded. */
export interface MachineFault {
  code:
    | "unknown_version"
    | "unknown_guard"
    | "unknown_action"
    | "unknown_actor"
    | "unknown_delay"
    | "unknown_event"
    | "refused_feature"
    | "malformed";
  /** Where in the config, e.g. `states.open.on.role.claim`. */
  at: string;
  message: string;
}

const stateKeys = new Set([
  "id",
  "type",
  "history",
  "description",
  "tags",
  "initial",
  "entry",
  "exit",
  "always",
  "after",
  "on",
  "invoke",
  "states",
]);
const rootKeys = new Set([...stateKeys, "version", "options", "context"]);
const transitionKeys = new Set(["target", "guard", "actions", "description", "reenter"]);
const invokeKeys = new Set(["id", "src", "input", "onDone", "onError"]);
/** Names that break targets, or reach the prototype. */
const badName = /[.#\\]|^__proto__$|^$/;
/** Nesting of states: the deepest that the compiler writes has five levels. */
const deepest = 16;
const hostEvents = /^xstate\.(done|error)\.actor\.[A-Za-z]+$/;

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Finds everything wrong with a config; an empty list means that it may be loaded. */
export function checkConfig(config: MachineConfigJson, vocabulary: Vocabulary): MachineFault[] {
  const faults: MachineFault[] = [];
  const add = (code: MachineFault["code"], at: string, message: string): void => {
    faults.push({ code, at, message });
  };
  const checkKeys = (value: Record<string, unknown>, allowed: Set<string>, at: string): void => {
    for (const key of Object.keys(value)) if (!allowed.has(key)) add("refused_feature", at, `"${key}" has no place in a config`);
  };
  const checkNamed = (value: unknown, kind: "guard" | "action", at: string): void => {
    if (!isObject(value) || typeof value["type"] !== "string") {
      add("malformed", at, `a ${kind} is {type, params?}`);
      return;
    }
    const known = kind === "guard" ? vocabulary.guards : vocabulary.actions;
    if (!Object.hasOwn(known, value["type"])) add(`unknown_${kind}`, at, `no ${kind} is called "${value["type"]}"`);
    if (value["params"] !== undefined && !isObject(value["params"])) add("malformed", at, "params are an object");
  };
  const checkActions = (value: unknown, at: string): void => {
    if (value === undefined) return;
    if (!Array.isArray(value)) {
      add("malformed", at, "actions are a list");
      return;
    }
    for (const [index, action] of value.entries()) checkNamed(action, "action", `${at}[${index}]`);
  };
  const checkTransitions = (value: unknown, at: string): void => {
    const list = Array.isArray(value) ? value : [value];
    for (const [index, transition] of list.entries()) {
      if (!isObject(transition)) {
        add("malformed", `${at}[${index}]`, "a transition is an object");
        continue;
      }
      checkKeys(transition, transitionKeys, at);
      if (transition["target"] !== undefined && typeof transition["target"] !== "string") add("malformed", at, "a target is a string");
      if (transition["guard"] !== undefined) checkNamed(transition["guard"], "guard", at);
      checkActions(transition["actions"], at);
    }
  };
  const checkInvoke = (value: unknown, at: string): void => {
    if (!isObject(value)) {
      add("malformed", at, "one invoke, an object");
      return;
    }
    checkKeys(value, invokeKeys, at);
    if (typeof value["src"] !== "string" || !vocabulary.actors.includes(value["src"]))
      add("unknown_actor", at, `no actor is called "${String(value["src"])}"`);
    if (value["onError"] === undefined) add("malformed", at, "an invoke needs onError");
    else checkTransitions(value["onError"], `${at}.onError`);
    const done = Array.isArray(value["onDone"]) ? value["onDone"] : [value["onDone"]];
    const last: unknown = done.at(-1);
    if (!isObject(last) || last["guard"] !== undefined) add("malformed", at, "an invoke needs an unguarded last onDone");
    else checkTransitions(done, `${at}.onDone`);
  };
  const checkState = (state: unknown, at: string, keys: Set<string>, depth: number): void => {
    if (!isObject(state)) {
      add("malformed", at, "a state is an object");
      return;
    }
    if (depth > deepest) {
      add("malformed", at, `states are nested more than ${deepest} deep`);
      return;
    }
    checkKeys(state, keys, at);
    for (const key of ["on", "after", "states"])
      if (state[key] !== undefined && !isObject(state[key])) {
        add("malformed", at, `"${key}" is an object`);
        return;
      }
    checkActions(state["entry"], `${at}.entry`);
    checkActions(state["exit"], `${at}.exit`);
    if (state["always"] !== undefined) checkTransitions(state["always"], `${at}.always`);
    if (state["invoke"] !== undefined) checkInvoke(state["invoke"], `${at}.invoke`);
    for (const [delay, transitions] of Object.entries((state["after"] ?? {}) as object)) {
      if (!/^\d+$/.test(delay)) add("unknown_delay", `${at}.after`, `"${delay}" is not literal milliseconds`);
      checkTransitions(transitions, `${at}.after.${delay}`);
    }
    for (const [type, transitions] of Object.entries((state["on"] ?? {}) as object)) {
      if (!vocabulary.events.includes(type) && !hostEvents.test(type)) add("unknown_event", `${at}.on`, `no event is called "${type}"`);
      checkTransitions(transitions, `${at}.on.${type}`);
    }
    for (const [name, child] of Object.entries((state["states"] ?? {}) as object)) {
      if (badName.test(name)) add("malformed", at, `a state cannot be called "${name}"`);
      checkState(child, `${at}.${name}`, stateKeys, depth + 1);
    }
  };
  if (!isObject(config["context"]) || !isObject(config["states"]) || config.id !== config.version.split("/")[0])
    add("malformed", "machine", "a machine has the id of its version, a context and states");
  checkState(config, "machine", rootKeys, 0);
  return faults;
}
