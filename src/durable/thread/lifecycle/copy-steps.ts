/** The steps that a fork begins with, in messages of the outbox. */
import { countBytes } from "../../../contract/limits.ts";
import { type Result, refuse, succeed } from "../../../contract/problem.ts";
import type { Steps } from "../../protocol/task.ts";
import type { TaskPort } from "../task/task-port.ts";
import { threadLimits } from "../thread-schema.ts";

/** Reads steps through a number, in messages that are each within their bound. */
export async function readCopy(task: TaskPort, through: number): Promise<Result<Steps[]>> {
  const pages: Steps[] = [];
  let [steps, bytes, after, room] = [0, 0, 0, 0];
  for (;;) {
    const page = await task.steps({ after, through, limit: 1 });
    const [message] = page.messages;
    if (!message) return succeed(pages);
    // As it is stored: its texts escaped once more, and its decision's prompt beside them.
    const size = countBytes(JSON.stringify(page));
    const last = pages.at(-1);
    steps += 1;
    bytes += size;
    if (steps > threadLimits.copiedSteps || bytes > threadLimits.copiedBytes)
      return refuse("too_large", `A fork copies at most ${threadLimits.copiedSteps} steps and ${threadLimits.copiedBytes} bytes.`, {
        limit: threadLimits.copiedSteps,
      });
    if (last && size <= room) {
      last.messages.push(...page.messages);
      last.decisions.push(...page.decisions);
    } else {
      // What another object answered is its own: it may share memory with this one.
      pages.push({ messages: [...page.messages], decisions: [...page.decisions] });
      room = threadLimits.copyBytes;
    }
    room -= size;
    after = message.turn;
  }
}
