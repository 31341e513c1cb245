/** GET by node:http alone: a process that waits for months need not hold what `fetch` loads. */
import { get } from "node:http";
import { text } from "node:stream/consumers";

/** Milliseconds that an answer may take: a cron trigger ends in seconds, and everything else at once. */
const answerWithin = 60_000;

/**
 * @param socketPath of the socket that answers, in the place of the address's port
 * @throws where nobody answers, or too late
 */
export async function askLoopback(url: string, socketPath?: string): Promise<{ status: number; body: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: string }>();
  get(url, { agent: false, ...(socketPath !== undefined && { socketPath }), signal: AbortSignal.timeout(answerWithin) }, (answer) => {
    text(answer).then((body) => resolve({ status: answer.statusCode ?? 0, body }), reject);
  }).on("error", reject);
  return promise;
}
