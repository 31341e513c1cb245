/** Compiles a workflow's file beside the page, for what there is to say of it. */
import { parseWorkflow } from "../../compile/parse-workflow.ts";
import { type Finding, placeFindings } from "./source-lines.ts";

export interface CheckRequest {
  text: string;
}

export interface CheckAnswer {
  findings: Finding[];
}

addEventListener("message", ({ data: { text } }: MessageEvent<CheckRequest>) => {
  postMessage({ findings: placeFindings(text, parseWorkflow(text).diagnostics) } satisfies CheckAnswer);
});
