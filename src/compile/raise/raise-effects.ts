/** What an edge or a reflex sends and starts. */
import type { Json } from "../../contract/event.ts";
import { defaults } from "../defaults.ts";
import type { EmitIr, Payload, SpawnIr } from "../ir.ts";
import { parseDuration } from "../source/duration.ts";
import type { SourceNode } from "../source/node.ts";
import { findText, findValue, isText, toJson } from "../source/node.ts";
import { normaliseMustache } from "../templates/normalise-mustache.ts";

/** Raises a sound `emit` list. `liquid` tells whether literals hold templates. */
export function raiseEmits(node: SourceNode | undefined, liquid: boolean): EmitIr[] {
  return listMaps(node).map((item) => {
    const emit: EmitIr = { kind: findText(item, "kind")?.value ?? "" };
    const data = findValue(item, "data");
    const to = findText(item, "to");
    if (data) emit.data = raisePayload(data, liquid);
    if (to)
      emit.to =
        liquid && to.value.includes("{{")
          ? { kind: "liquid", source: normaliseMustache(to.value).text }
          : { kind: "literal", text: to.value };
    return emit;
  });
}

/** Raises a sound `spawn` list. */
export function raiseSpawns(node: SourceNode | undefined, liquid: boolean): SpawnIr[] {
  return listMaps(node).map((item) => {
    const spawn: SpawnIr = { workflow: findText(item, "workflow")?.value ?? "" };
    const input = findValue(item, "input");
    const await_ = findValue(item, "await");
    if (input) spawn.input = raisePayload(input, liquid);
    if (await_?.kind === "map" || (await_?.kind === "scalar" && await_.value === true))
      spawn.await = parseDuration(findText(await_, "timeout")?.value ?? defaults.await) ?? 0;
    return spawn;
  });
}

function listMaps(node: SourceNode | undefined): SourceNode[] {
  return node?.kind === "list" ? node.items.filter((item) => item.kind === "map") : [];
}

export function raisePayload(node: SourceNode, liquid: boolean): Payload {
  if (isText(node)) return { kind: "expression", source: node.value };
  const value = toJson(node);
  return { kind: "literal", value: liquid ? normaliseStrings(value) : value, liquid };
}

function normaliseStrings(value: Json): Json {
  if (typeof value === "string") return normaliseMustache(value).text;
  if (Array.isArray(value)) return value.map(normaliseStrings);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, normaliseStrings(inner)]));
}
