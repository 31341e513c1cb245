/** CloudEvents over HTTP, as they come in: structured, batched or binary mode, or plain JSON. Judging them is the object's. */
import * as z from "zod";
import { limits } from "../contract/limits.ts";
import { parseInput } from "./parse-input.ts";
import { problemError } from "./problem-error.ts";
import { readJson, readText } from "./read-body.ts";

const eventObject = z.record(z.string(), z.unknown(), { error: "one event, or an array of events" });

/** Media types of the JSON format. */
export const eventType = "application/cloudevents+json";
export const batchType = "application/cloudevents-batch+json";

/**
 * The events of a request, unparsed.
 * @returns `batch`: whether an array is answered
 * @throws ProblemError `malformed`, `too_large`
 */
export async function readEvents(request: Request): Promise<{ events: unknown[]; batch: boolean }> {
  const type = request.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase() ?? "";
  if (type.startsWith("application/cloudevents") && type !== eventType && type !== batchType)
    throw problemError("malformed", `Events come as ${eventType}, ${batchType} or application/json, not as ${type}.`);
  if (request.headers.has("ce-specversion") && type !== eventType && type !== batchType)
    return { events: [await readBinary(request, type)], batch: false };
  const body = await readJson(request, limits.bodyBytes);
  if (!Array.isArray(body)) {
    if (type === batchType) throw problemError("malformed", "A batch is a JSON array of events.");
    return { events: [parseInput(eventObject, body, "body")], batch: false };
  }
  if (body.length > limits.batchEvents)
    throw problemError("too_large", `A batch holds at most ${limits.batchEvents} events.`, { limit: limits.batchEvents });
  return { events: body, batch: true };
}

/** Binary mode: attributes are `ce-` headers, the body is the data. */
async function readBinary(request: Request, type: string): Promise<Record<string, unknown>> {
  const event: Record<string, unknown> = {};
  for (const [name, value] of request.headers) if (name.startsWith("ce-")) event[name.slice("ce-".length)] = decodeHeader(name, value);
  if (type !== "") event.datacontenttype = request.headers.get("content-type");
  if (type === "" || type === "application/json" || type.endsWith("+json")) {
    const data = await readJson(request, limits.bodyBytes);
    if (data !== undefined) event.data = data;
  } else if (type.startsWith("text/")) event.data = await readText(request, limits.bodyBytes);
  else throw problemError("malformed", `Data is JSON or text here; ${type} is neither.`);
  return event;
}

function decodeHeader(name: string, value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    throw problemError("malformed", `The header ${name} is not percent-encoded right.`);
  }
}

/** Whether the caller asks for a batch of plain events rather than the log's own entries. */
export function asksForBatch(accept: string | undefined): boolean {
  return accept?.split(",").some((each) => each.split(";")[0]?.trim().toLowerCase() === batchType) ?? false;
}
