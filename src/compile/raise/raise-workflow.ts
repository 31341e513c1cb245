/** A file that was found sound, as intermediate form: every default filled in. Reports nothing. */

import type { JsonSchema } from "../../contract/json-schema/check-schema.ts";
import { overflowPolicies, readWord } from "../../contract/language.ts";
import type { Outline } from "../check/outline.ts";
import { defaults } from "../defaults.ts";
import type { WorkflowIr } from "../ir.ts";
import { findText, findValue, toJson } from "../source/node.ts";
import { raiseNodes } from "./raise-graph.ts";
import { raiseReflex } from "./raise-reflex.ts";
import { raiseBudget, raiseRole } from "./raise-role.ts";

/** Raises a sound outline. */
export function raiseWorkflow(outline: Outline): WorkflowIr {
  const { root } = outline;
  const number = (...keys: string[]): number | undefined => {
    const node = findValue(root, ...keys);
    return node?.kind === "scalar" && typeof node.value === "number" ? node.value : undefined;
  };
  const input = findValue(root, "input");
  const ir: WorkflowIr = {
    ir: 1,
    name: findText(root, "name")?.value ?? "",
    description: findText(root, "description")?.value ?? "",
    binding: outline.binding,
    form: outline.form,
    roles: [...outline.roles.values()].map((role) => raiseRole(role, outline)),
    nodes: raiseNodes(outline),
    reflexes: outline.reflexes.map(raiseReflex),
    overflow: readWord(findText(root, "overflow")?.value, overflowPolicies) ?? defaults.overflow,
    maxRounds: number("max_rounds", "maxRounds") ?? defaults.maxRounds,
  };
  const version = number("version");
  const concurrency = number("concurrency");
  const maxQueue = number("max_queue");
  if (version !== undefined) ir.version = version;
  if (outline.moderator && outline.form === "moderator") ir.moderator = outline.moderator.value;
  if (input) ir.input = toJson(input) as JsonSchema;
  const expose = findValue(root, "expose");
  if (expose?.kind === "scalar" && expose.value === true) ir.expose = true;
  if (concurrency !== undefined) ir.concurrency = concurrency;
  if (maxQueue !== undefined) ir.maxQueue = maxQueue;
  const budget = raiseBudget(findValue(root, "budget"));
  if (budget) ir.budget = budget;
  return ir;
}
