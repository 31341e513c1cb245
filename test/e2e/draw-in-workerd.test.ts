import { readFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { afterAll, beforeAll, expect, test } from "vitest";
import { compileWorkflow } from "../../src/compile/compile-workflow.ts";
import { drawWorkflowMermaid, drawWorkflowSvg } from "../../src/compile/draw/index.ts";

const root = join(import.meta.dirname, "../..");
const script = `
import { compileWorkflow } from "./src/compile/compile-workflow.ts";
import { drawWorkflowMermaid, drawWorkflowSvg } from "./src/compile/draw/index.ts";
export default {
  async fetch(request) {
    const { compiled } = compileWorkflow(await request.text());
    const { pathname } = new URL(request.url);
    const text = pathname === "/svg" ? await drawWorkflowSvg(compiled) : drawWorkflowMermaid(compiled);
    return new Response(text, { headers: { "x-self": typeof self } });
  },
};`;

let miniflare: Miniflare;

// The real runtime, not vitest's: the layout library must not need what workerd lacks, and must not harm what it has.
beforeAll(async () => {
  const { outputFiles } = await build({
    stdin: { contents: script, resolveDir: root, loader: "ts" },
    bundle: true,
    write: false,
    minify: true,
    format: "esm",
    target: "es2024",
    logLevel: "silent",
  });
  const options = { modules: true, script: outputFiles[0]?.text ?? "", compatibilityDate: "2026-10-23" };
  miniflare = new Miniflare(convertV4MiniflareOptions(options));
});

afterAll(() => miniflare.dispose());

test("[DRAW10] a workflow is drawn in workerd as in Node, several at a time, and `self` is what it was", async () => {
  const workflow = readFileSync(join(root, "workflows/code-review.yaml"), "utf8");
  const { compiled } = compileWorkflow(workflow);
  if (!compiled) throw new Error("the example does not compile");
  const ask = async (path: string): Promise<[string, string | null]> => {
    const response = await miniflare.dispatchFetch(`http://draw${path}`, { method: "POST", body: workflow });
    return [await response.text(), response.headers.get("x-self")];
  };
  const svg = await drawWorkflowSvg(compiled);
  expect(await Promise.all(["/svg", "/svg", "/svg"].map(ask))).toEqual([svg, svg, svg].map((text) => [text, "object"]));
  expect(await ask("/mmd")).toEqual([drawWorkflowMermaid(compiled), "object"]);
});
