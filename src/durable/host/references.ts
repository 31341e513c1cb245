/**
 * What actor references do inside a step: `self`, `self._parent` and children take messages, which become effects like
 * any others; what a reference cannot do here is refused. Knows XState, not the store.
 */
import { type AnyActorLogic, type AnyActorRef, type AnyMachineSnapshot, createActor } from "xstate";

/** Who takes the step. */
export interface Identity {
  /** What `self.id` gives: the actor's id, or for a child the one that its parent gave it. */
  id: string;
  /** Whether it has a parent. */
  child: boolean;
}

/** A message that a machine's code sent by hand, with `self.send` or a child's `send`, rather than by an action. */
export interface SentByHand {
  to: unknown;
  event: unknown;
}

let collected: SentByHand[] | undefined;

/** Runs the computation of one step, and gives what its code sent by hand. Steps are synchronous, so that one list is enough. */
export function collectSent<T>(compute: () => T): { result: T; sent: SentByHand[] } {
  const sent: SentByHand[] = [];
  collected = sent;
  try {
    return { result: compute(), sent };
  } finally {
    collected = undefined;
  }
}

function collect(to: unknown, event: unknown): void {
  if (!collected) throw new Error("an actor reference is of use only inside a step of its machine");
  collected.push({ to, event });
}

/** `self._parent` of a child. */
class ParentReference {
  readonly id = "parent";
  readonly sessionId = "parent";
  readonly ref = this;
  send(event: unknown): void {
    collect(this, event);
  }
}

/** Stands for the parent, whose object is another. */
export const parentReference = new ParentReference();

const refused = {
  stop: refuse("stop", "let it come to a final state"),
  subscribe: refuse("subscribe", "take what it says as events"),
  on: refuse("on", "take what is emitted with the option `emitted`"),
};

function refuse(method: string, instead: string): () => never {
  return () => {
    throw new Error(`self.${method}() would be forgotten with the object's memory: ${instead}`);
  };
}

/** Holds nothing and does nothing: stands for a child whose actor lives elsewhere. */
export const placeholderLogic: AnyActorLogic = {
  config: "placeholder",
  transition: (state: unknown) => state,
  getInitialSnapshot: () => ({ status: "active", output: undefined, error: undefined }),
  getPersistedSnapshot: (snapshot: { status: string }) => ({ status: snapshot.status }),
  restoreSnapshot: () => ({ status: "active", output: undefined, error: undefined }),
} as unknown as AnyActorLogic;

/** Whose system every `self` is in: one of its own costs more than the actor. Nothing is kept in it. */
let root: AnyActorRef | undefined;

/** XState's inert `self` for the steps of one commit, as the machine may take it. */
export function createSelf({ id, child }: Identity): AnyActorRef {
  if (!root) {
    root = createActor(placeholderLogic);
    prepareSystem(root.system);
  }
  const self: AnyActorRef = createActor(placeholderLogic, { parent: root });
  Object.assign(self, refused, { id, sessionId: id, _parent: child ? parentReference : undefined });
  return self;
}

/** What `self` gives as its own: the state before the step. @param before absent in the first one */
export function setSnapshot(self: AnyActorRef, before: AnyMachineSnapshot | undefined): void {
  Object.assign(self, { _snapshot: before });
}

/** Whether it is a reference to a child, there or not: XState knows a child's logic by its name, and of `self` has the logic itself. */
export function isChildReference(reference: unknown): boolean {
  if (typeof reference !== "object" || reference === null) return false;
  return "sessionId" in reference && "src" in reference && typeof reference.src === "string";
}

/** What XState's `restoreSnapshot` takes as children that are gone: context may still hold references to them. */
export function listGone(ids: readonly string[]): Record<string, object> {
  return Object.fromEntries(ids.map((id) => [id, { src: placeholderLogic, snapshot: { status: "stopped" } }]));
}

/** Makes references to children of what XState restored, and takes those out that are gone. */
export function prepareChildren(children: Record<string, AnyActorRef>, gone: readonly string[]): void {
  for (const child of Object.values(children)) prepareSystem(child.system);
  for (const id of gone) {
    Object.assign(children[id] ?? {}, { src: "gone" });
    delete children[id];
  }
}

/** Messages through references of this system become effects. */
function prepareSystem(system: AnyActorRef["system"]): void {
  Object.assign(system, { _relay: relay });
}

function relay(_source: unknown, target: unknown, event: unknown): void {
  collect(target, event);
}
