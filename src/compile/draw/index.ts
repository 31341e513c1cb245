/** Pictures of a compiled workflow. Pure, and the same in Node and in workerd; the layout library is loaded when it is first needed. */
import type { CompiledWorkflow } from "../compile-workflow.ts";
import { createAuthorPicture, type NeverDrawn } from "./author-picture.ts";
import { createMachinePicture } from "./machine-picture.ts";
import { writeMermaid } from "./mermaid.ts";
import type { Picture, PictureNode } from "./picture.ts";
import { type PlacedPicture, placePicture } from "./placed-picture.ts";
import { drawSvg } from "./svg.ts";
import type { Theme } from "./theme.ts";

export { PictureTooDenseError } from "./layout.ts";
export type { PlacedArrow, PlacedBox, PlacedPicture } from "./placed-picture.ts";
export type { Theme } from "./theme.ts";

/** What to draw of a workflow. */
export interface DrawOptions {
  /** `task` is how the turns go, `recruitment` who is there to take them. Default `task`. */
  machine?: "task" | "recruitment";
  /** Every state and what is done in it, in place of what the author wrote. Default false. */
  detail?: boolean;
  /** Edges of the author that can never be taken: they are marked. */
  never?: readonly NeverDrawn[];
}

/** How to write it as SVG. */
export interface SvgOptions {
  theme?: Theme;
  /** Boxes and arrows say as `data-part` what of the source they stand for. Default false. */
  parts?: boolean;
}

/** What of a compiled workflow is drawn. */
type Drawn = Pick<CompiledWorkflow, "ir" | "recruitment" | "task">;

function createPicture({ ir, recruitment, task }: Drawn, { machine = "task", detail = false, never }: DrawOptions): Picture {
  if (machine === "task" && !detail) return createAuthorPicture(ir, never);
  const what = machine === "task" ? "the task: how the turns go" : "recruitment: who holds which role";
  const title = `${ir.name}, ${machine}`;
  const picture = createMachinePicture(machine === "task" ? task : recruitment, { title, lines: [ir.description, what], detail });
  return { ...picture, nodes: picture.nodes.map((node) => nameParts(node, new Set(["$START", ...ir.roles.map(({ name }) => name)]))) };
}

/** In both machines a role's states are those of the second level that have its name, with all inside. */
function nameParts(node: PictureNode, roles: ReadonlySet<string>): PictureNode {
  const name = node.id.split(".")[1] ?? "";
  const children = node.children?.map((child) => nameParts(child, roles));
  return { ...node, ...(roles.has(name) ? { part: name } : {}), ...(children ? { children } : {}) };
}

/**
 * Draws a workflow as an SVG file that stands alone. The same workflow gives the same text.
 * @throws {PictureTooDenseError} Mermaid's text is written however many arrows there are.
 */
export async function drawWorkflowSvg(compiled: Drawn, options: DrawOptions & SvgOptions = {}): Promise<string> {
  return drawSvg(createPicture(compiled, options), options);
}

/** Draws a workflow as a Mermaid `stateDiagram-v2`. */
export function drawWorkflowMermaid(compiled: Drawn, options: DrawOptions = {}): string {
  return writeMermaid(createPicture(compiled, options));
}

/**
 * Lays a workflow's picture out and leaves the drawing to others.
 * @throws {PictureTooDenseError}
 */
export async function placeWorkflow(compiled: Drawn, options: DrawOptions = {}): Promise<PlacedPicture> {
  return placePicture(createPicture(compiled, options));
}
