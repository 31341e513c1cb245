/**
 * Where a message goes that leaves the object: markers that `sendTo` takes in XState's pure functions in place of an
 * actor. A child is addressed by its id; everything else by one of these.
 */

/** Stands in for an actor reference as the `to` of a `sendTo`; nothing is ever delivered through it. */
export interface AddressMarker {
  readonly address: string;
}

/** Address of the machine's parent. */
export const parentAddress = "parent";

const known = new WeakSet<object>();

/**
 * Makes the marker of an address: `agent/<id>`, `offers`, `audience`, or any other that the host knows.
 * @example sendTo(() => address("agent/alice"), event)
 */
export function address(name: string): AddressMarker {
  const marker: AddressMarker = Object.freeze({ address: name });
  known.add(marker);
  return marker;
}

/** Marker of the parent. XState's own `sendParent` throws in its pure functions. */
export const PARENT: AddressMarker = address(parentAddress);

/**
 * Reads the address out of the `to` of an effect.
 * @returns undefined for anything that {@link address} did not make: an actor reference, or data that only looks alike
 */
export function readAddress(to: unknown): string | undefined {
  return typeof to === "object" && to !== null && known.has(to) ? (to as AddressMarker).address : undefined;
}
