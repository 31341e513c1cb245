/** One reflex. */
import { missedPolicies, readWord, reflexKinds, signals } from "../../contract/language.ts";
import { defaults } from "../defaults.ts";
import type { Expression, ReflexIr, ScheduleIr } from "../ir.ts";
import type { MapNode } from "../source/node.ts";
import { findText, findValue, isText, listItems } from "../source/node.ts";
import { raiseEmits, raisePayload } from "./raise-effects.ts";

/** Raises a sound reflex. */
export function raiseReflex(node: MapNode): ReflexIr {
  const on = listItems(node, "on")
    .filter(isText)
    .map((item) => item.value);
  const when = findText(node, "when");
  const guard = when ? { when: when.value } : {};
  const kind = readWord(findText(node, "kind")?.value, reflexKinds) ?? "workflow";
  const key = readKey(node);
  switch (kind) {
    case "workflow": {
      const priority = findText(node, "priority");
      const schedule = readSchedule(node);
      return {
        ...{ kind, on, ...guard, ...(key ? { key } : {}), ...(priority ? { priority: priority.value } : {}) },
        ...(schedule && { schedule }),
      };
    }
    case "signal":
      return { kind, on, ...guard, key: key ?? [], signal: readWord(findText(node, "signal")?.value, signals) ?? "cancel" };
    case "emit":
      return { kind, on, ...guard, emit: raiseEmits(findValue(node, "emit"), true) };
    default:
      return kind satisfies never;
  }
}

function readSchedule(node: MapNode): ScheduleIr | undefined {
  const cron = findText(node, "schedule")?.value;
  if (cron === undefined) return undefined;
  const input = findValue(node, "input");
  return {
    cron,
    timezone: findText(node, "timezone")?.value ?? defaults.timezone,
    missed: readWord(findText(node, "missed")?.value, missedPolicies) ?? defaults.missed,
    ...(input && { input: raisePayload(input, false) }),
  };
}

function readKey(node: MapNode): Expression[] | undefined {
  const key = findValue(node, "key");
  if (isText(key)) return [key.value];
  return key?.kind === "list" ? key.items.filter(isText).map((item) => item.value) : undefined;
}
