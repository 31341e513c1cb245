/** What a machine's `sendTo` takes for an actor that is none of its children. Knows the markers of machines/address.ts, typed as XState wants them. */

import type { AnyActorRef } from "xstate";
import { address, PARENT } from "../../../machines/address.ts";

/**
 * The actor at an address, e.g. `actor/hello`.
 * @example sendTo(() => actorAt("actor/hello"), { type: "greet" })
 */
export function actorAt(at: string): AnyActorRef {
  return address(at) as unknown as AnyActorRef;
}

/** The machine's parent. XState's own `sendParent` throws in its pure functions. */
export const parentActor: AnyActorRef = PARENT as unknown as AnyActorRef;
