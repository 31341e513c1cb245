/** Answers `nerveflare/drawing`: the picture of a text, and which places of the text its boxes and arrows stand for. */
import type { Range } from "vscode-languageserver/node";
import type { TextDocument } from "vscode-languageserver-textdocument";
import { type CompiledWorkflow, lowerWorkflow } from "../compile/compile-workflow.ts";
import type { DrawOptions, SvgOptions } from "../compile/draw/index.ts";
import type { Analysis } from "./analysis.ts";
import { lspLimits } from "./limits.ts";
import { listParts } from "./list-parts.ts";
import { toRange } from "./to-protocol.ts";

/** `author` is what the author wrote; `task` and `recruitment` are the two machines, state by state. */
export type DrawingView = "author" | "task" | "recruitment";

/** What an editor asks with. */
export interface DrawingParams {
  textDocument: { uri: string };
  /** Default `author`. */
  view?: DrawingView;
  /** Default `auto`. */
  theme?: "auto" | "light" | "dark";
}

/** What it is answered with. Ids are written at the boxes and arrows as `data-part`. */
export interface DrawingAnswer {
  /** Version of the text that it is of. */
  version: number;
  /** Null where there is none: `message` says why. The last picture that there was is still the best one then. */
  svg: string | null;
  message?: string;
  /** There are newer questions about this text, which are answered instead. */
  superseded?: true;
  /** In no order; they lie inside one another. Of a text with errors, too. */
  parts: { id: string; range: Range; name: Range; shows: string[] }[];
}

/** Draws, as `drawWorkflowSvg`, but beside the server, which goes on answering. */
export type DrawPicture = (compiled: CompiledWorkflow, options: DrawOptions & SvgOptions) => Promise<string>;

const views: Record<DrawingView, DrawOptions> = {
  author: {},
  task: { machine: "task", detail: true },
  recruitment: { machine: "recruitment" },
};
const themes = ["auto", "light", "dark"] as const;

/** Makes what answers. Draws one picture at a time; of several questions about one text only the last is drawn for. */
export function createDrawings(draw: DrawPicture) {
  const kept = new Map<string, string>();
  const latest = new Map<string, number>();
  let asked = 0;
  let last: Promise<unknown> = Promise.resolve();

  const drawOnce = async (
    uri: string,
    compiled: CompiledWorkflow,
    never: Analysis["never"],
    view: DrawingView,
    theme: (typeof themes)[number],
  ) => {
    const key = `${compiled.revision} ${view} ${theme}`;
    const known = kept.get(key);
    if (known !== undefined) return known;
    const mine = ++asked;
    latest.set(uri, mine);
    const drawn = last.then(() => (latest.get(uri) === mine ? draw(compiled, { ...views[view], theme, parts: true, never }) : undefined));
    last = drawn.catch(() => undefined);
    const svg = await drawn.finally(() => {
      if (latest.get(uri) === mine) latest.delete(uri);
    });
    if (svg === undefined) return undefined;
    kept.set(key, svg);
    for (const old of [...kept.keys()].slice(0, -lspLimits.pictures)) kept.delete(old);
    return svg;
  };

  return async (document: TextDocument, analysis: Analysis, params: DrawingParams): Promise<DrawingAnswer> => {
    const { ir, never, root, outline, diagnostics } = analysis;
    const parts = (outline && outline.root === root ? listParts(outline) : []).map(({ id, span, name, shows }) => ({
      id,
      range: toRange(document, span),
      name: toRange(document, name),
      shows,
    }));
    const { version, uri } = document;
    if (!ir) {
      const count = diagnostics.filter(({ severity }) => severity === "error").length;
      return { version, svg: null, message: `The file has ${count} ${count === 1 ? "error" : "errors"}.`, parts };
    }
    const view = params.view !== undefined && Object.hasOwn(views, params.view) ? params.view : "author";
    const theme = themes.find((known) => known === params.theme) ?? "auto";
    try {
      const svg = await drawOnce(uri, lowerWorkflow(ir), never, view, theme);
      if (svg === undefined) return { version, svg: null, superseded: true, parts };
      if (svg.length <= lspLimits.pictureLength) return { version, svg, parts };
      return { version, svg: null, message: `The picture has ${svg.length} characters; ${lspLimits.pictureLength} are shown.`, parts };
    } catch (error) {
      return { version, svg: null, message: error instanceof Error ? error.message : String(error), parts };
    }
  };
}
