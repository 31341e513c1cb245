/** A small workflow of two: an open role that reads, and a named one that writes when it could not. */
import { openStage, type Stage } from "./stage.ts";

/** @param reader what the reader's role says besides */
export function writePair(reader: string, { start = 'resume: { role: reader, prompt: "Read on." }', concurrency = "" } = {}): string {
  return `
name: pair
binding: cloud
description: One writes, another reads.
${concurrency}
reflexes: [ { kind: workflow, on: [wanted] } ]
roles:
  writer:
    type: named
    agent: lead
    description: Writes.
    frontmatter: { type: object, properties: { $status: { const: written } }, required: [$status] }
  reader:
    type: open
    description: Reads.
    goal: Know what it says.
    ${reader}
    frontmatter: { type: object, properties: { $status: { enum: [read, unclear] }, note: { type: string } }, required: [$status] }
graph:
  $START:
    new: { role: reader, prompt: "Read." }
    ${start}
  reader:
    read: { role: $END, prompt: "Read." }
    unclear: { role: writer, prompt: "Write." }
  writer:
    written: { role: reader, prompt: "Read again." }
`;
}

export const pair = writePair("capabilities: [reading]");

export const readers = ["ann", "bea", "cid"].map((id) => ({ id, capabilities: ["reading"] }));

/** A thread of it that recruits. */
export async function beginPair(workflow = pair, agents: Parameters<typeof openStage>[1] = readers): Promise<Stage> {
  const stage = openStage(workflow, ["lead", ...agents]);
  await stage.start();
  return stage;
}

/** Who reads. */
export async function findReader(stage: Stage): Promise<string | undefined> {
  return (await stage.show()).roles.reader?.agent;
}
