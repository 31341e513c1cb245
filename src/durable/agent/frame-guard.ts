/** Bounds what one socket may ask of its agent's object: frames under way at once, and frames that cannot be read. Memory only. */
import { agentLimits } from "./agent-schema.ts";

export interface FrameGuard {
  /** An event came. Returns false if too many are not answered yet. */
  enter(): boolean;
  leave(): void;
  /** A frame could not be read. Returns false if there were too many since the last that could. */
  misread(): boolean;
}

export function createFrameGuard(): FrameGuard {
  let underWay = 0;
  let misread = 0;
  return {
    enter() {
      misread = 0;
      underWay += 1;
      return underWay <= agentLimits.framesUnderWay;
    },
    leave() {
      underWay -= 1;
    },
    misread() {
      misread += 1;
      return misread <= agentLimits.framesMisread;
    },
  };
}
