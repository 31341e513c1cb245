/**
 * Asks a model behind an OpenAI-compatible endpoint (`POST /chat/completions`), whole or as a stream. Waits where the endpoint says so, tries
 * again where it stumbles, and throws `TurnFailure` where no answer can be had.
 */
import { setTimeout as delay } from "node:timers/promises";
import { type SaidUsage, TurnFailure } from "../agents/client.ts";

export interface ModelSettings {
  /** Up to `/chat/completions`, e.g. `https://api.openai.com/v1`. */
  url: string;
  /** Absent: the endpoint asks for none. */
  key?: string | undefined;
  model: string;
  stream: boolean;
  /** Per million tokens, read and written: what the turn costs is known by them. */
  prices?: { input: number; output: number } | undefined;
}

export interface Message {
  role: "system" | "user" | "assistant";
  content: string;
}

export interface Reply {
  text: string;
  usage?: SaidUsage | undefined;
}

export const modelLimits = {
  /** Asked again after a limit or a fault of the endpoint. */
  tries: 4,
  /** Milliseconds before the second try where the endpoint does not say; twice as long each time. */
  pauseMs: 1_000,
  /** Longest pause that is waited for: what takes longer fails the turn, to be given again. */
  longestMs: 60_000,
} as const;

/** @throws TurnFailure: refused, or not to be had */
export async function askModel(settings: ModelSettings, messages: Message[], signal: AbortSignal): Promise<Reply> {
  for (let attempt = 1; ; attempt++) {
    const outcome = await tryOnce(settings, messages, signal);
    if ("text" in outcome) return outcome;
    const { message, retryable, waitMs = modelLimits.pauseMs * 2 ** (attempt - 1) } = outcome;
    if (!retryable || attempt >= modelLimits.tries || waitMs > modelLimits.longestMs) throw new TurnFailure(message, { retryable });
    await delay(waitMs, undefined, { signal });
  }
}

type Fault = { message: string; retryable: boolean; waitMs?: number | undefined };

async function tryOnce(
  { url, key, model, stream, prices }: ModelSettings,
  messages: Message[],
  signal: AbortSignal,
): Promise<Reply | Fault> {
  const body = { model, messages, ...(stream && { stream, stream_options: { include_usage: true } }) };
  try {
    const response = await fetch(`${url.replace(/\/$/, "")}/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json", ...(key !== undefined && { authorization: `Bearer ${key}` }) },
      body: JSON.stringify(body),
      signal,
    });
    if (!response.ok) return readFault(response, await response.text());
    const streamed = response.headers.get("content-type")?.includes("text/event-stream") === true;
    const said = streamed ? readStream(await response.text()) : readWhole(await response.text());
    if (said.refusal !== undefined) return { message: `The model refuses: ${said.refusal}`, retryable: false };
    return { text: said.text, usage: readUsage(said.usage, prices) };
  } catch (error) {
    if (signal.aborted) throw error;
    return { message: `The endpoint gave no answer: ${error instanceof Error ? error.message : String(error)}`, retryable: true };
  }
}

function readFault({ status, headers }: Response, text: string): Fault {
  const message = `The endpoint answered ${status}: ${text.slice(0, 300)}`;
  const seconds = Number(headers.get("retry-after") ?? Number.NaN);
  return {
    message,
    retryable: status === 408 || status === 429 || status >= 500,
    ...(Number.isFinite(seconds) && { waitMs: seconds * 1_000 }),
  };
}

interface Said {
  text: string;
  refusal?: string | undefined;
  usage?: Counts | undefined;
}

interface Counts {
  prompt_tokens?: number;
  completion_tokens?: number;
  prompt_tokens_details?: { cached_tokens?: number } | null;
}

interface Part {
  content?: string | null;
  refusal?: string | null;
}

interface Completion {
  choices?: { message?: Part; delta?: Part }[];
  usage?: Counts | null;
}

function readWhole(text: string): Said {
  const { choices, usage } = JSON.parse(text) as Completion;
  const message = choices?.[0]?.message;
  if (!message) throw new Error("it holds no message");
  return { text: message.content ?? "", ...(message.refusal && { refusal: message.refusal }), ...(usage && { usage }) };
}

/** Server-sent events; the last before `[DONE]` has what it took. */
function readStream(text: string): Said {
  const parts = text
    .split(/\r?\n/)
    .flatMap((line) => (line.startsWith("data:") && line.slice(5).trim() !== "[DONE]" ? [JSON.parse(line.slice(5)) as Completion] : []));
  const join = (name: keyof Part): string => parts.map(({ choices }) => choices?.[0]?.delta?.[name] ?? "").join("");
  if (!/^data: ?\[DONE\]/m.test(text)) throw new Error("its stream broke off");
  const refusal = join("refusal");
  const usage = parts.findLast((part) => part.usage)?.usage;
  return { text: join("content"), ...(refusal !== "" && { refusal }), ...(usage && { usage }) };
}

/** As nerveflare counts: what came from a cache is a part of what was read. */
function readUsage(counts: Counts | undefined, prices: ModelSettings["prices"]): SaidUsage | undefined {
  const { prompt_tokens: input, completion_tokens: output } = counts ?? {};
  if (input === undefined || output === undefined) return undefined;
  const cached = counts?.prompt_tokens_details?.cached_tokens;
  const cost = prices && (input * prices.input + output * prices.output) / 1e6;
  return { tokens: { input, output, ...(cached !== undefined && { cached }) }, ...(cost !== undefined && { cost }) };
}
