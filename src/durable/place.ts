/** Where actors' objects are found: who lives where is one function, which no actor asks. */

/** Kinds of actors' objects, as their addresses begin, each with its binding. */
export const bindings = {
  agent: "AGENT",
  workflow: "WORKFLOW",
  recruitment: "RECRUITMENT",
  task: "TASK",
  projector: "PROJECTOR",
  registry: "REGISTRY",
  webhook: "WEBHOOK",
  hook: "HOOK",
} as const;
export type ObjectKind = keyof typeof bindings;

/** Finds the object of an actor. */
export type Place = <Rpc>(kind: ObjectKind, name: string) => Rpc;
