/** What a message says: the input of a workflow, or what an agent is told. Pure. */
import type { Message } from "@a2a-js/sdk";
import type { Json } from "../../../contract/event.ts";
import { checkSchema, describeMisfits, type JsonSchema } from "../../../contract/json-schema/check-schema.ts";
import { malformed, refuseContent } from "./errors.ts";
import { a2aLimits } from "./limits.ts";

/** What a message holds, each kind together. */
export interface Said {
  text: string | undefined;
  data: Json | undefined;
}

/** Names under which a workflow may take a text, in the order in which they are tried. */
const textNames = ["prompt", "text", "message"];

/** @throws A2AError for parts of kinds that are not taken here, and for more than one of data */
export function readParts({ parts }: Pick<Message, "parts">): Said {
  if (parts.length === 0) throw malformed("The message has no parts: send one of text or of data.");
  if (parts.length > a2aLimits.parts) throw malformed(`A message has at most ${a2aLimits.parts} parts; this one has ${parts.length}.`);
  const texts: string[] = [];
  const data: Json[] = [];
  for (const { content, mediaType, filename } of parts) {
    switch (content?.$case) {
      case "text":
        texts.push(content.value);
        break;
      case "data":
        data.push((content.value ?? null) as Json);
        break;
      case "raw":
      case "url":
        throw refuseContent(
          `Files are not taken: the part ${JSON.stringify(filename || mediaType || content.$case)} is one. Send parts of text (text/plain) or data (application/json); name a file by its address in either.`,
        );
      case undefined:
        throw malformed("A part of the message is empty: give it `text` or `data`.");
      default:
        content satisfies never;
    }
  }
  if (data.length > 1) throw malformed(`The message has ${data.length} parts of data: send one, with all that the input asks for.`);
  return { text: texts.length > 0 ? texts.join("\n\n") : undefined, data: data[0] };
}

/**
 * The input that a message begins a workflow with. Its data as it is; a text where the input takes one: as `prompt`, `text` or
 * `message`, beside the data if there are both; or as JSON, if it is an object that fits.
 * @throws A2AError `malformed`, with what the input asks for
 */
export function readInput({ text, data }: Said, workflow: string, input: JsonSchema | null): Json {
  const misfits = (value: Json) => (input === null ? [] : checkSchema(input, value));
  if (data !== undefined) {
    if (text === undefined || typeof data !== "object" || data === null || Array.isArray(data)) return data;
    const name = textNames.find((each) => !Object.hasOwn(data, each) && misfits({ ...data, [each]: text }).length === 0);
    return name === undefined ? data : { ...data, [name]: text };
  }
  const said = text ?? "";
  const parsed = parseObject(said);
  if (parsed !== undefined && misfits(parsed).length === 0) return parsed;
  const name = textNames.find((each) => misfits({ [each]: said }).length === 0);
  if (name !== undefined) return { [name]: said };
  const asked = describeMisfits(misfits({ [textNames[0] as string]: said }), "data");
  throw malformed(
    `The workflow ${workflow} takes no plain text: ${asked} Send a part of data that fits its input, which its card shows, or a text that is such a JSON object.`,
  );
}

function parseObject(text: string): { [name: string]: Json } | undefined {
  if (!text.trimStart().startsWith("{")) return undefined;
  try {
    return JSON.parse(text) as { [name: string]: Json };
  } catch {
    return undefined;
  }
}

/** What a message adds to a task that waits for it: its data, its text, or both. */
export function readSupplement({ text, data }: Said): Json {
  if (data === undefined) return text ?? null;
  return text === undefined ? data : { text, data };
}
