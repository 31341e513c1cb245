/** A checked workflow to all that runs it: the two machines' configs, and the revision they are known by. */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import type { MachineConfigJson } from "../../machines/config.ts";
import type { WorkflowIr } from "./ir.ts";
import { lowerRecruitment } from "./lower/recruitment.ts";
import { lowerTask } from "./lower/task.ts";

/** Everything that a thread of a workflow runs on. Plain JSON. */
export interface CompiledWorkflow {
  ir: WorkflowIr;
  recruitment: MachineConfigJson;
  task: MachineConfigJson;
  /** The first 32 hex digits of the SHA-256 of the rest, as canonical JSON: the identity of a revision in the registry. */
  revision: string;
}

/** JSON with the keys of every object in order of code units: equal values give equal text. */
export function writeCanonicalJson(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item) => writeCanonicalJson(item ?? null)).join(",")}]`;
  const object = value as { [key: string]: unknown };
  let written = "";
  // By default keys are sorted by code units.
  for (const key of Object.keys(object).sort()) {
    const inner = object[key];
    if (inner !== undefined) written += `${written === "" ? "" : ","}${JSON.stringify(key)}:${writeCanonicalJson(inner)}`;
  }
  return `{${written}}`;
}

/** Lowers a checked workflow and gives it its revision. */
export function lowerWorkflow(ir: WorkflowIr): CompiledWorkflow {
  const recruitment = lowerRecruitment(ir);
  const task = lowerTask(ir);
  const revision = bytesToHex(sha256(utf8ToBytes(writeCanonicalJson({ ir, recruitment, task })))).slice(0, 32);
  return { ir, recruitment, task, revision };
}
