/** How an object is broken. */

/** `calls`: all that others call of it throws. `storage`: each of its SQL statements throws. `constructor`: it cannot be made. */
export type FaultKind = "calls" | "storage" | "constructor";

/** By kind and name of the object, `agent/alice`. */
export interface BrokenObjects {
  [object: string]: FaultKind;
}
