/** Reads what an agent sent over its socket: text, JSON, of bounded size, of a frame's shape. The event in it is judged elsewhere. */
import { type AgentFrame, type AgentFrameType, agentFrames } from "../../../contract/frames/agent-frames.ts";
import { exceedsBytes, limits } from "../../../contract/limits.ts";
import { type Result, refuse, succeed } from "../../../contract/problem.ts";
import { readJsonText } from "../../../contract/read-json.ts";

const frameTypes = Object.keys(agentFrames).join(" or ");

export function readFrame(data: string | ArrayBuffer): Result<AgentFrame> {
  if (typeof data !== "string") return refuse("malformed", "Frames are text: JSON of at most one event.");
  if (exceedsBytes(data, limits.frameBytes))
    return refuse("too_large", `A frame has at most ${limits.frameBytes} bytes.`, { limit: limits.frameBytes });
  let raw: unknown;
  try {
    raw = readJsonText(data);
  } catch (error) {
    return refuse("malformed", `The frame is not JSON: ${(error as Error).message}.`);
  }
  if (typeof raw !== "object" || raw === null || Array.isArray(raw)) return refuse("malformed", "A frame is a JSON object with a type.");
  const { type } = raw as { type?: unknown };
  if (typeof type !== "string" || !Object.hasOwn(agentFrames, type)) return refuse("malformed", `type: A frame's type is ${frameTypes}.`);
  const frame = agentFrames[type as AgentFrameType].safeParse(raw);
  if (!frame.success) {
    const [issue] = frame.error.issues;
    const path = issue?.path.join(".") ?? "";
    return refuse("malformed", `The frame ${type} does not fit: ${path === "" ? "" : `${path}: `}${issue?.message}.`);
  }
  // Keep the event as it was sent: its hash must equal that of the same event over HTTP.
  return succeed(frame.data.type === "event" ? { type: "event", event: (raw as typeof frame.data).event } : frame.data);
}
