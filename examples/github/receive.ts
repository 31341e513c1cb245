/**
 * Takes verdicts as webhooks, checks who sent them, and prints the request that would post each as a review of its pull request. It calls
 * nobody: put `fetch` with your GitHub token where it prints.
 *
 *     WEBHOOK_SECRET=whsec_… PORT=3000 npx node examples/github/receive.ts
 */
import { createServer, type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import { Webhook } from "standardwebhooks";

interface Verdict {
  type: string;
  data: { repo: string; pr: number; text: string };
}

/** Reviews, as GitHub names them. */
const reviews: Readonly<Record<string, string>> = { "review.approved": "APPROVE", "review.changes_requested": "REQUEST_CHANGES" };

/** A verdict with a long list of changes has some kilobytes. */
const bodyAtMost = 1_000_000;
/** By their ids: what is sent again comes within days. */
const idsAtMost = 10_000;

const { WEBHOOK_SECRET: secret, PORT: port = "3000" } = process.env;
if (!secret) {
  console.error("Set WEBHOOK_SECRET to what `nerveflare webhooks add` printed.");
  process.exit(2);
}
const webhook = new Webhook(secret);
const seen = new Set<string>();

const server = createServer((request, response) => {
  take(request).then(
    (status) => response.writeHead(status).end(),
    () => response.writeHead(400).end(),
  );
});
server.listen(Number(port), "127.0.0.1", () => {
  const address = server.address();
  console.log(JSON.stringify({ listening: typeof address === "object" && address ? address.port : port }));
});

async function take(request: IncomingMessage): Promise<number> {
  if (request.method !== "POST") return 405;
  if (Number(request.headers["content-length"] ?? Number.POSITIVE_INFINITY) > bodyAtMost) return 413;
  const verdict = readVerdict(await text(request), request.headers);
  const id = String(request.headers["webhook-id"]);
  // It is sent again where an answer was lost.
  if (!verdict || seen.has(id)) return verdict ? 204 : 401;
  seen.add(id);
  for (const oldest of seen) if (seen.size > idsAtMost) seen.delete(oldest);
  const event = reviews[verdict.type];
  if (event === undefined) return 204;
  const { repo, pr, text: body } = verdict.data;
  console.log(JSON.stringify({ post: `https://api.github.com/repos/${repo}/pulls/${pr}/reviews`, body: { event, body } }));
  return 204;
}

/** Nothing where the signature is wrong, or older than five minutes. */
function readVerdict(body: string, headers: IncomingMessage["headers"]): Verdict | undefined {
  try {
    return webhook.verify(body, headers as Record<string, string>) as Verdict;
  } catch {
    return undefined;
  }
}
