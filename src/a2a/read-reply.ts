/** What a remote agent said, as text and data, and the output in it: read as leniently as a program's. */
import { type Artifact, type Message, type Part, Role, type Task } from "@a2a-js/sdk";
import { checkOutput } from "../contract/json-schema/check-output.ts";
import type { JsonSchema } from "../contract/json-schema/check-schema.ts";
import { type ReadOutput, readOutput } from "../exec/read-output.ts";
import { bridgeLimits } from "./limits.ts";

/** The text of parts; data as a line of JSON each, files by their names. */
export function writeParts(parts: readonly Part[]): string {
  const lines = parts.map(({ content, filename }) => {
    switch (content?.$case) {
      case "text":
        return content.value;
      case "data":
        return JSON.stringify(content.value);
      case "url":
        return `${filename || "a file"}: ${content.value}`;
      case "raw":
        return `${filename || "a file"} (${content.value.length} bytes)`;
      case undefined:
        return "";
      default:
        return content satisfies never;
    }
  });
  return lines.filter((line) => line !== "").join("\n");
}

/** What a task came to: its artifacts count before its last words. */
export function writeTask({ artifacts, status, history }: Pick<Task, "artifacts" | "status" | "history">): string {
  const said = artifacts.length > 0 ? undefined : (status?.message ?? history.findLast(({ role }) => role === Role.ROLE_AGENT));
  const parts = [...artifacts.flatMap((artifact: Artifact) => artifact.parts), ...(said?.parts ?? [])];
  return writeParts(parts);
}

/** What a task's status says; empty where it says nothing. */
export function writeStatus({ status }: Pick<Task, "status">): string {
  return writeParts(status?.message?.parts ?? []).slice(0, bridgeLimits.quoteLength);
}

export function writeMessage({ parts }: Pick<Message, "parts">): string {
  return writeParts(parts);
}

/** The output in a reply. Plain prose is one where the role takes an output that is a text. */
export function readReply(said: string, schema: JsonSchema | undefined): ReadOutput {
  const text = said.slice(-bridgeLimits.readLength);
  const read = readOutput(text, { schema, cut: said.length > text.length });
  if (read.ok || text.trim() === "") return read;
  const prose = { text: text.trim() };
  if (!text.includes("{") && checkOutput(schema, prose).length === 0) return { ok: true, output: prose };
  return { ok: false, mend: read.mend.replaceAll("The program printed", "You answered").replaceAll("It printed", "You answered") };
}
