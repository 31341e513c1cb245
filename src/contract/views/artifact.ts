/** Artifacts as they are listed and shown. */
import * as z from "zod";
import { open, time } from "../shape.ts";

/** As events, outputs and inputs name it. */
export const artifactReference = open({
  $artifact: z
    .string()
    .regex(/^sha256:[0-9a-f]{64}$/)
    .describe("`sha256:` and the hash of its content, 64 hexadecimal digits."),
  size: z.int().describe("Bytes."),
  type: z.string().describe("Its media type."),
  name: z.string().optional().describe("What whoever brought it called it."),
});

/** What is known of one. */
export const artifactFacts = artifactReference.extend({
  createdAt: time,
  threads: z
    .array(z.string())
    .describe("Threads that refer to it, of those in which the caller takes part: fifty at most, the newest first."),
});
export type ArtifactFactsView = z.infer<typeof artifactFacts>;

/** One of a list. */
export const artifactEntry = artifactReference.extend({
  thread: z.string().nullable().describe("A thread that refers to it. Null: none does, or it is one of those that the caller brought."),
  at: time.describe("Since when the thread refers to it, or when it was brought."),
});
export type ArtifactEntry = z.infer<typeof artifactEntry>;
