/** What several receivers' messages are made of. */
import * as z from "zod";
import type { CloudEvent, Json } from "../../contract/event.ts";
import { signals } from "../../contract/language.ts";
import { keyOf } from "../../contract/shape.ts";

/** Any JSON: what agents and authors wrote is opaque here. */
export const json = z.custom<Json>((value) => value !== undefined, "JSON");

/** An accepted event, parsed when it came. */
export const event = z.custom<CloudEvent>(
  (value) => typeof value === "object" && value !== null && ["id", "source"].every((name) => typeof Reflect.get(value, name) === "string"),
  "an event",
);

/** The address of a task. */
export const taskAddress = z.templateLiteral(["task/", z.string()]);

export type TaskAddress = z.infer<typeof taskAddress>;

/** Whether an address is a task's. */
export function isTaskAddress(address: string): address is TaskAddress {
  return address.startsWith("task/");
}

/** An order that a reflex, an edge or a dead letter gives a thread. */
export const order = keyOf(signals);

/** An order that is to be followed once. */
export interface Once {
  /** The caller's key, told apart by caller. */
  key: string;
  /** Of what is ordered: under one key it must stay the same. */
  hash: string;
}
