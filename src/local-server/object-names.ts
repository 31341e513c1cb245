/** Which object a file is: the runtime names it by a keyed hash of the object's name, so a name is found only by trying it. */
import { createHash, createHmac } from "node:crypto";

/** The folder below `state/do` of a class's objects. */
export function findClassFolder(className: string): string {
  return `do/nerveflare-${className}`;
}

/** The file of the object that has this name. */
export function findObjectFile(className: string, name: string): string {
  const key = createHash("sha256").update(`nerveflare-${className}`).digest();
  const first = createHmac("sha256", key).update(name).digest().subarray(0, 16);
  const second = createHmac("sha256", key).update(first).digest().subarray(0, 16);
  return `${findClassFolder(className)}/${Buffer.concat([first, second]).toString("hex")}.sqlite`;
}

/** Classes of the actors' objects, by the kind of their addresses. */
const classes: { readonly [kind: string]: string } = {
  agent: "AgentObject",
  workflow: "WorkflowObject",
  recruitment: "RecruitmentObject",
  task: "TaskObject",
  projector: "ProjectorObject",
  registry: "RegistryObject",
  webhook: "WebhookObject",
  hook: "HookObject",
};

/** The file of the object of its own that an actor has, or would have. */
export function findActorFile(address: string): string {
  const end = address.indexOf("/");
  const className = classes[address.slice(0, end)];
  if (className === undefined) throw new Error(`there are no objects at ${address}`);
  return findObjectFile(className, address.slice(end + 1));
}

/** Whether a file of a state is that of a cell, which has all actors. */
export function isCellFile(file: string): boolean {
  return file.startsWith(findClassFolder("CellObject")) && /\/[0-9a-f]{64}\.sqlite$/.test(file);
}
