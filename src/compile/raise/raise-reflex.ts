/** One reflex. */
import { readWord, reflexKinds, signals } from "../../contract/language.ts";
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
  const kind = readWord(findText(node, "kind")?.value, reflexKinds) ?? "workflow";
  const key = readKey(node);
  switch (kind) {
    case "workflow": {
      const priority = findText(node, "priority");
      return { kind, on, ...guard, ...(key ? { key } : {}), ...(priority ? { priority: priority.value } : {}) };
    }
    case "signal":
      return { kind, on, ...guard, key: key ?? [], signal: readWord(findText(node, "signal")?.value, signals) ?? "cancel" };
    case "emit":
      return { kind, on, ...guard, emit: raiseEmits(findValue(node, "emit"), true) };
    default:
      return kind satisfies never;
  }
}

function readKey(node: MapNode): Expression[] | undefined {
  const key = findValue(node, "key");
  if (isText(key)) return [key.value];
  return key?.kind === "list" ? key.items.filter(isText).map((item) => item.value) : undefined;
}
