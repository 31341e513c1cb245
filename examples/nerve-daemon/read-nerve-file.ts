/** Reads nerve.yaml as far as this stand-in goes, and says what is wrong with it. */
import { readFile } from "node:fs/promises";
import { parse } from "yaml";
import { z } from "zod";

const schema = z.record(z.string(), z.union([z.boolean(), z.record(z.string(), z.json())]));
const nerveFile = z.strictObject({
  senses: z.strictObject({
    capacity: z.strictObject({ use: z.literal("capacity"), slots: z.int().positive() }),
    inbox: z.strictObject({ use: z.literal("inbox"), channels: z.array(z.enum(["my", "open"])).min(1), accepts: schema.optional() }),
  }),
  reflexes: z.array(z.strictObject({ on: z.string(), when: z.string().optional(), run: z.string() })),
  workflows: z.record(z.string(), z.strictObject({ exec: z.string().optional(), respond: z.enum(["claim", "answer"]) })),
});

export type NerveFile = z.infer<typeof nerveFile>;

/** @throws Error that names the field */
export async function readNerveFile(path: string): Promise<NerveFile> {
  const parsed = nerveFile.safeParse(parse(await readFile(path, "utf8")));
  if (!parsed.success) throw new Error(`${path}: ${z.prettifyError(parsed.error)}`);
  for (const { run } of parsed.data.reflexes)
    if (!Object.hasOwn(parsed.data.workflows, run)) throw new Error(`${path}: a reflex runs ${run}, and there is no such workflow`);
  return parsed.data;
}
