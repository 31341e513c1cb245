/** A sampled CPU profile of the Worker's isolate, by Chrome's debugging protocol. */
import { openInspector } from "./inspector.ts";

/** A node of the call tree, as V8 gives it. */
export interface ProfileNode {
  id: number;
  callFrame: { functionName: string; url: string; lineNumber: number; columnNumber: number };
  hitCount?: number;
  /** Those that it called. */
  children?: number[];
}

/** What V8 gives; times in microseconds. */
export interface CpuProfile {
  nodes: ProfileNode[];
  samples: number[];
  timeDeltas: number[];
}

/** Profiles while `work` runs. @param inspector where the runtime lists what can be debugged */
export async function takeProfile(inspector: URL, work: () => Promise<unknown>): Promise<CpuProfile> {
  const { call, close } = await openInspector(inspector);
  try {
    await call("Profiler.enable");
    await call("Profiler.setSamplingInterval", { interval: 200 });
    await call("Profiler.start");
    await work();
    const { profile } = await call<{ profile?: CpuProfile }>("Profiler.stop");
    if (!profile) throw new Error("the runtime gave no profile");
    return profile;
  } finally {
    close();
  }
}
