/** One reflex. */
import type { Expression, ReflexIr } from "../ir.ts";
import type { MapNode } from "../source/node.ts";
import { findText, findValue, isText, listItems } from "../source/node.ts";
import { raiseEmits } from "./raise-effects.ts";

/** Raises a sound reflex. */
export function raiseReflex(node: MapNode): ReflexIr {
  const on = listItems(node, "on")
    .filter(isText)
    .map((item) => item.value);
  const when = findText(node, "when");
  const guard = when ? { when: when.value } : {};
  const kind = findText(node, "kind")?.value;
  const key = readKey(node);
  if (kind === "emit") return { kind, on, ...guard, emit: raiseEmits(findValue(node, "emit"), true) };
  if (kind === "signal") {
    const signal = findText(node, "signal")?.value;
    return { kind, on, ...guard, key: key ?? [], signal: signal === "suspend" || signal === "resume" ? signal : "cancel" };
  }
  const priority = findText(node, "priority");
  return { kind: "workflow", on, ...guard, ...(key ? { key } : {}), ...(priority ? { priority: priority.value } : {}) };
}

function readKey(node: MapNode): Expression[] | undefined {
  const key = findValue(node, "key");
  if (isText(key)) return [key.value];
  return key?.kind === "list" ? key.items.filter(isText).map((item) => item.value) : undefined;
}
