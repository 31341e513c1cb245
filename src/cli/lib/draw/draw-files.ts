/** Draws a compiled workflow into files. Writes none: the command and `npm run visualize` do. */
import type { CompiledWorkflow } from "../../../compile/compile-workflow.ts";
import { type DrawOptions, drawWorkflowMermaid, drawWorkflowSvg, type Theme } from "../../../compile/draw/index.ts";
import { toFileName } from "../compile/compile-file.ts";

/** A picture as a file, to be put into some folder. */
interface GeneratedFile {
  name: string;
  content: string;
}

/** Which pictures are wanted. */
export interface DrawRequest {
  formats: ("svg" | "mermaid")[];
  machines: ("task" | "recruitment")[];
  detail: boolean;
  theme: Theme;
  never?: DrawOptions["never"];
}

/** Draws all pictures that are asked for. */
export async function drawFiles(
  compiled: CompiledWorkflow,
  { formats, machines, detail, theme, never = [] }: DrawRequest,
): Promise<GeneratedFile[]> {
  const drawn = machines.flatMap((machine) =>
    formats.map(async (format): Promise<GeneratedFile> => {
      const base = `${toFileName(compiled.ir.name)}.${machine}${detail ? ".detail" : ""}`;
      if (format === "mermaid") return { name: `${base}.mmd`, content: drawWorkflowMermaid(compiled, { machine, detail, never }) };
      return { name: `${base}.svg`, content: await drawWorkflowSvg(compiled, { machine, detail, theme, never }) };
    }),
  );
  return Promise.all(drawn);
}
