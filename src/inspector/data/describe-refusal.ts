/** What a refusal means to a person. Knows no browser. */
import type { Problem } from "../../contract/problem.ts";

/** What became of an answer that was not taken. `over`: it never will be. */
export interface Refusal {
  over: boolean;
  title: string;
  text: string;
}

/** @param error what a call threw: a problem with its code, or anything */
export function describeRefusal(error: unknown): Refusal {
  const { code, message = String(error), problem } = error as { code?: string; message?: string; problem?: Problem };
  switch (code) {
    case "turn_over":
      return {
        over: true,
        title: "This turn is over",
        text: `Your answer was not taken: another was, or the turn was taken back. ${message}`,
      };
    case "stale_lease": {
      const now = problem?.now as { agent?: unknown } | null | undefined;
      const who = typeof now?.agent === "string" ? `${now.agent} has it now.` : "Nobody has it now.";
      return { over: true, title: "This turn is not yours any more", text: `Your answer was not taken. ${who} ${message}` };
    }
    case "not_found":
    case "not_allowed_now":
    case "forbidden":
      return { over: true, title: "Your answer was not taken", text: message };
    case "output_invalid":
      return { over: false, title: "The answer does not fit", text: message };
    case "network":
      return { over: false, title: "Nobody knows whether it arrived", text: `${message} Send it again: the same answer counts once.` };
    default:
      return { over: false, title: "Your answer was not taken", text: message };
  }
}
