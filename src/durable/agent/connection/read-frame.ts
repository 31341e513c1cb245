/** Reads what an agent sent over its socket: text, JSON, of bounded size, of a frame's shape. The event in it is judged elsewhere. */
import { type AgentFrame, agentFrame } from "../../../contract/frames.ts";
import { exceedsBytes, limits } from "../../../contract/limits.ts";
import { type Result, refuse, succeed } from "../../../contract/problem.ts";

export function readFrame(data: string | ArrayBuffer): Result<AgentFrame> {
  if (typeof data !== "string") return refuse("malformed", "Frames are text: JSON of at most one event.");
  if (exceedsBytes(data, limits.frameBytes))
    return refuse("too_large", `A frame has at most ${limits.frameBytes} bytes.`, { limit: limits.frameBytes });
  let raw: unknown;
  try {
    raw = JSON.parse(data);
  } catch {
    return refuse("malformed", "The frame is not JSON.");
  }
  const frame = agentFrame.safeParse(raw);
  if (!frame.success) return refuse("malformed", 'A frame is {"type":"event","event":{…}} or {"type":"ack","seqs":[…]}.');
  // The event as it came: its hash must be that of the same event over HTTP, whatever the order of its members.
  return succeed(frame.data.type === "event" ? { type: "event", event: (raw as typeof frame.data).event } : frame.data);
}
