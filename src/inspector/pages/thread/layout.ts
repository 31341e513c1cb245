/** Asks the worker that lays pictures out; it starts when a picture is first wanted. */
import type { PlacedPicture, placeWorkflow } from "../../../compile/draw/index.ts";

/** `graph` is what the author wrote, the others are what became of it. */
export type Drawing = "graph" | "task" | "recruitment";

export type Compiled = Parameters<typeof placeWorkflow>[0];

export interface LayoutRequest {
  id: number;
  compiled: Compiled;
  machine: Drawing;
}

export interface LayoutAnswer {
  id: number;
  picture?: PlacedPicture;
  error?: string;
}

let worker: Worker | undefined;
let last = 0;
const waiting = new Map<number, { resolve(picture: PlacedPicture): void; reject(error: Error): void }>();

function start(): Worker {
  const started = new Worker(new URL("./layout-worker.ts", import.meta.url), { type: "module" });
  started.addEventListener("message", ({ data }: MessageEvent<LayoutAnswer>) => {
    const asked = waiting.get(data.id);
    waiting.delete(data.id);
    if (data.picture) asked?.resolve(data.picture);
    else asked?.reject(new Error(data.error ?? "The picture could not be laid out."));
  });
  started.addEventListener("error", () => {
    // It is started anew for the next picture.
    worker = undefined;
    for (const { reject } of waiting.values()) reject(new Error("The picture could not be laid out: its part of the page did not load."));
    waiting.clear();
  });
  return started;
}

/** @throws where the picture has too many arrows, or the worker ended */
export function layOut(compiled: Compiled, machine: Drawing): Promise<PlacedPicture> {
  worker ??= start();
  last += 1;
  const id = last;
  const { promise, resolve, reject } = Promise.withResolvers<PlacedPicture>();
  waiting.set(id, { resolve, reject });
  worker.postMessage({ id, compiled, machine } satisfies LayoutRequest);
  return promise;
}
