/** Finds a program's output in what it printed. */
import { TurnFailure, type TurnOutput } from "../../client/handlers.ts";

/**
 * All of it, if it is one JSON object; else the last line that is one, so that a program may talk before it answers.
 * @throws TurnFailure that says what to print
 */
export function readOutput(stdout: string): TurnOutput {
  const whole = parseObject(stdout);
  if (whole) return whole;
  for (const line of stdout.split("\n").reverse()) {
    const output = parseObject(line);
    if (output) return output;
  }
  const printed = stdout.trim() === "" ? "It printed nothing" : `It ended with ${JSON.stringify(stdout.trim().slice(-200))}`;
  throw new TurnFailure(`The program printed no JSON object on stdout, such as {"$status": "done"}. ${printed}.`);
}

function parseObject(text: string): TurnOutput | undefined {
  if (!text.trimStart().startsWith("{")) return undefined;
  try {
    return JSON.parse(text) as TurnOutput;
  } catch {
    return undefined;
  }
}
