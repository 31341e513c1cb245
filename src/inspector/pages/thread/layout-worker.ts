/** Lays pictures out beside the page, which goes on meanwhile. */
import { placeWorkflow } from "../../../compile/draw/index.ts";
import type { LayoutAnswer, LayoutRequest } from "./layout.ts";

addEventListener("message", ({ data }: MessageEvent<LayoutRequest>) => {
  const { id, compiled, machine } = data;
  const answer = (said: Omit<LayoutAnswer, "id">) => postMessage({ id, ...said });
  placeWorkflow(compiled, { machine: machine === "graph" ? "task" : machine, detail: machine === "task" })
    .then((picture) => answer({ picture }))
    .catch((error: Error) => answer({ error: error.message }));
});
