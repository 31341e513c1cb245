/** Reads what an agent sent over its socket: text, JSON, of bounded size, of a frame's shape. The event in it is judged elsewhere. */
import { type AgentFrame, type AgentFrameOf, type AgentFrameType, agentFrames } from "../../../contract/frames/agent-frames.ts";
import { exceedsBytes, limits } from "../../../contract/limits.ts";
import { type Result, refuse, succeed } from "../../../contract/problem.ts";
import { createQuickParser } from "../../../contract/quick-parser.ts";
import { readJsonText } from "../../../contract/read-json.ts";

const frameTypes = Object.keys(agentFrames).join(" or ");

const parseAck = createQuickParser(agentFrames.ack);

/** As the schema of the frame has it: all that it says of an event is that it is an object, and its id a text. */
function hasEvent(raw: object): raw is AgentFrameOf<"event"> {
  const { event } = raw as { event?: unknown };
  if (typeof event !== "object" || event === null || Array.isArray(event)) return false;
  const { id } = event as { id?: unknown };
  return id === undefined || typeof id === "string";
}

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
  // Keep the event as it was sent: its hash must equal that of the same event over HTTP.
  if (type === "event" && hasEvent(raw)) return succeed({ type, event: raw.event });
  if (typeof type !== "string" || !Object.hasOwn(agentFrames, type)) return refuse("malformed", `type: A frame's type is ${frameTypes}.`);
  const frame = type === "ack" ? parseAck(raw) : agentFrames[type as AgentFrameType].safeParse(raw);
  if (!frame.success) {
    const [issue] = frame.error.issues;
    const path = issue?.path.join(".") ?? "";
    return refuse("malformed", `The frame ${type} does not fit: ${path === "" ? "" : `${path}: `}${issue?.message}.`);
  }
  return succeed(frame.data);
}
