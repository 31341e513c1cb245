/** Pictures of a compiled workflow. Pure, and the same in Node and in workerd; the layout library is loaded when it is first needed. */
import type { CompiledWorkflow } from "../compile-workflow.ts";
import { createAuthorPicture } from "./author-picture.ts";
import { createMachinePicture } from "./machine-picture.ts";
import { writeMermaid } from "./mermaid.ts";
import type { Picture } from "./picture.ts";
import { drawSvg } from "./svg.ts";
import type { Theme } from "./theme.ts";

export { PictureTooDenseError } from "./layout.ts";
export type { Theme } from "./theme.ts";

/** What to draw of a workflow. */
export interface DrawOptions {
  /** `task` is how the turns go, `recruitment` who is there to take them. Default `task`. */
  machine?: "task" | "recruitment";
  /** Every state and what is done in it, in place of what the author wrote. Default false. */
  detail?: boolean;
}

/** What of a compiled workflow is drawn. */
type Drawn = Pick<CompiledWorkflow, "ir" | "recruitment" | "task">;

function createPicture({ ir, recruitment, task }: Drawn, { machine = "task", detail = false }: DrawOptions): Picture {
  if (machine === "task" && !detail) return createAuthorPicture(ir);
  const what = machine === "task" ? "the task: how the turns go" : "recruitment: who holds which role";
  const title = `${ir.name}, ${machine}`;
  return createMachinePicture(machine === "task" ? task : recruitment, { title, lines: [ir.description, what], detail });
}

/**
 * Draws a workflow as an SVG file that stands alone. The same workflow gives the same text.
 * @throws {PictureTooDenseError} Mermaid's text is written however many arrows there are.
 */
export async function drawWorkflowSvg(compiled: Drawn, options: DrawOptions & { theme?: Theme } = {}): Promise<string> {
  return drawSvg(createPicture(compiled, options), options.theme);
}

/** Draws a workflow as a Mermaid `stateDiagram-v2`. */
export function drawWorkflowMermaid(compiled: Drawn, options: DrawOptions = {}): string {
  return writeMermaid(createPicture(compiled, options));
}
