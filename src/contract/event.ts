/**
 * The event that agents and the orchestrator exchange: CloudEvents 1.0 in JSON mode, and the limits on it.
 * Part of the wire: every room may import it, it imports nothing of ours.
 */
import * as z from "zod";
import { exceedsBytes, limits } from "./limits.ts";

/** An id as senders may choose it: 1–128 of `A-Za-z0-9._:-`, but for `.` and `..`, which no URL can name: they are steps of a path. */
export const idPattern = /^(?!\.{1,2}$)[A-Za-z0-9._:-]{1,128}$/;

export const idHint = "1 to 128 of A-Z a-z 0-9 . _ : -";

/** Such an id. */
export const namedId = z.string().regex(idPattern, idHint);

/** An event kind: dotted segments of `a-z0-9_-`, at most 128 characters. */
export const kindPattern = /^(?=.{1,128}$)[a-z0-9_-]+(\.[a-z0-9_-]+)*$/;

/** RFC 3339 date-time, as CloudEvents asks of `time`. */
export const rfc3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;

/** Whether there is such a day and time. `Date.parse` takes 30 February as 2 March, and 24:00 as the next day. */
export function isRealTime(text: string): boolean {
  const day = text.slice(0, 10);
  const midnight = Date.parse(`${day}T00:00:00Z`);
  if (Number.isNaN(Date.parse(text)) || Number.isNaN(midnight) || text.slice(11, 13) === "24") return false;
  return new Date(midnight).toISOString().startsWith(day);
}

/** The names of attributes, as CloudEvents has them. */
const attributeName = /^[a-z0-9]+$/;

/** A text of at most so many bytes in UTF-8. */
export function text(most: number): z.ZodString {
  return z
    .string()
    .max(most)
    .refine((value) => !exceedsBytes(value, most), `at most ${most} bytes`);
}

/**
 * Any JSON. Whoever parses an event has read it with `JSON.parse`: looking at each of its members again would cost tens of
 * milliseconds for the largest, in which nobody else on the machine is served.
 */
export const anyJson = z.custom<Json>();

/**
 * What a sender may post. `source` and `time` are stamped by the orchestrator where absent; attributes that are not
 * named here pass through when CloudEvents allows their name and value (string, 32-bit integer, boolean).
 */
export const postedEvent = z
  .object({
    specversion: z.literal("1.0").default("1.0"),
    id: namedId,
    source: z.string().max(256).optional(),
    type: z.string().regex(kindPattern, "dotted segments of a-z 0-9 _ -, at most 128 characters"),
    time: z.string().regex(rfc3339, "an RFC 3339 time").refine(isRealTime, "no such day or time").optional(),
    subject: text(limits.attributeLength).min(1).optional(),
    datacontenttype: z.string().min(1).max(128).optional(),
    dataschema: text(limits.attributeLength).min(1).optional(),
    correlationid: namedId.optional(),
    causationid: namedId.optional(),
    traceparent: z.string().max(256).optional(),
    tracestate: z.string().max(512).optional(),
    to: text(limits.toLength).optional(),
    data: anyJson.optional(),
  })
  .catchall(z.union([text(limits.attributeLength), z.int32(), z.boolean()], "a string, a 32-bit integer or a boolean"))
  .superRefine((event, context) => {
    for (const name of Object.keys(event)) {
      if (attributeName.test(name)) continue;
      const message = name === "data_base64" ? "not taken here: send `data`" : "names of attributes are lower-case letters and digits";
      context.addIssue({ code: "custom", path: [name], message });
    }
  });

/** JSON, as it travels. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** An event as a sender posts it. Written out, for an inferred type of attributes that have no name here forbids `data`. */
export interface PostedEvent {
  specversion: "1.0";
  /** The idempotency key. */
  id: string;
  source?: string | undefined;
  type: string;
  time?: string | undefined;
  data?: Json | undefined;
  /** The thread. */
  correlationid?: string | undefined;
  /** The event that caused this one. */
  causationid?: string | undefined;
  traceparent?: string | undefined;
  /** `*`, or a comma-separated list of `agents/x`, `cap:x`, `role:x`, `workflows/x`. */
  to?: string | undefined;
  [attribute: string]: Json | undefined;
}

/** An accepted event: `source` and `time` are always there. */
export interface CloudEvent {
  specversion: "1.0";
  id: string;
  /** `/agents/<id>`, `/operators/<name>`, `/hooks/<name>` or `/threads/<id>`, say. */
  source: string;
  type: string;
  /** RFC 3339. */
  time: string;
  data?: Json;
  /** The thread. */
  correlationid?: string;
  /** The event that caused this one. */
  causationid?: string;
  traceparent?: string;
  /** `*`, or a comma-separated list of `agents/x`, `cap:x`, `role:x`, `workflows/x`. */
  to?: string;
  [extension: string]: Json | undefined;
}

/** Any accepted event: what was posted, with what the orchestrator stamps. */
export const cloudEvent = postedEvent.required({ specversion: true, source: true, time: true }) as unknown as z.ZodType<CloudEvent>;
