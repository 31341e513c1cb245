/** How an object is broken. */

/** `calls`: all that others call of it throws. `waits`: it takes half a minute for each call. `storage`: each of its SQL statements throws, and each of its transactions. `constructor`: it cannot be made. */
export type FaultKind = "calls" | "waits" | "storage" | "constructor";

/** By kind and name of the object, `agent/alice`. */
export interface BrokenObjects {
  [object: string]: FaultKind;
}
