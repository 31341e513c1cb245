/** The presets of `nerveflare agent --preset`: flags that each tool documents for runs without a person. */
import type { SaidUsage } from "../../client/contract-types.ts";
import type { Preset, Said } from "./preset.ts";
import { type JsonObject, readCount, readObjects, readPart, readText } from "./read-json.ts";

const withModel = (command: string, flag: string, model: string | undefined): string =>
  model === undefined ? command : `${command} ${flag} ${model}`;

/** Nothing at all is no usage: the tool did not say. */
function tellTokens(input: number, output: number, cached?: number): SaidUsage["tokens"] {
  if (input + output === 0) return undefined;
  return { input, output, ...(cached !== undefined && { cached }) };
}

/** One object of type `result`; with `stream-json`, the last of many lines. */
function readClaude({ stdout }: { stdout: string }): Said {
  const result = readObjects(stdout).findLast(({ type }) => type === "result");
  if (!result) return { text: stdout };
  const counts = readPart(result, "usage");
  // What was read from the cache and written to it is not in `input_tokens`.
  const cached = readCount(counts, "cache_read_input_tokens");
  const input = readCount(counts, "input_tokens") + readCount(counts, "cache_creation_input_tokens") + cached;
  const cost = result["total_cost_usd"];
  const structured = result["structured_output"];
  const text = structured === undefined || structured === null ? readText(result, "result") : JSON.stringify(structured);
  const subtype = readText(result, "subtype");
  const failed = result["is_error"] === true || (subtype !== undefined && subtype !== "success");
  return {
    text: text ?? "",
    usage: {
      tokens: tellTokens(input, readCount(counts, "output_tokens"), cached),
      ...(typeof cost === "number" && { cost }),
    },
    ...(failed && { failure: text ?? subtype ?? "the run failed" }),
  };
}

/** Events, one a line: the last message is the answer, and `turn.completed` says what it took. */
function readCodex({ stdout }: { stdout: string }): Said {
  const events = readObjects(stdout);
  const ofType = (name: string) => events.filter(({ type }) => type === name);
  if (!events.some(({ type }) => typeof type === "string" && /^(thread|turn|item)\./.test(type))) return { text: stdout };
  const message = ofType("item.completed")
    .map((event) => readPart(event, "item"))
    .findLast((item) => /^(agent|assistant)_message$/.test(readText(item, "type") ?? readText(item, "item_type") ?? ""));
  const counts = ofType("turn.completed").map((event) => readPart(event, "usage"));
  const sum = (name: string): number => counts.reduce((all, each) => all + readCount(each, name), 0);
  const failed = ofType("turn.failed").at(-1);
  const error = ofType("error").at(-1);
  const failure = failed
    ? (readText(readPart(failed, "error"), "message") ?? "the run failed")
    : message
      ? undefined
      : readText(error, "message");
  return {
    text: readText(message, "text") ?? "",
    usage: { tokens: tellTokens(sum("input_tokens"), sum("output_tokens"), sum("cached_input_tokens")) },
    ...(failure !== undefined && { failure }),
  };
}

/** One object: `response`, `stats` of each model that had a part, or `error`. */
function readGemini({ stdout }: { stdout: string }): Said {
  const result = readObjects(stdout).findLast((each) => "response" in each || "error" in each);
  if (!result) return { text: stdout };
  const models = readPart(readPart(result, "stats"), "models");
  const tokens = Object.keys(models).map((name) => readPart(readPart(models, name), "tokens"));
  const sum = (count: (of: JsonObject) => number): number => tokens.reduce((all, each) => all + count(each), 0);
  const error = readPart(result, "error");
  const failure = readText(error, "message") ?? readText(result, "error");
  return {
    text: readText(result, "response") ?? "",
    usage: {
      tokens: tellTokens(
        sum((of) => readCount(of, "prompt", "input")),
        // What it thought is written, too, and not among the candidates.
        sum((of) => readCount(of, "candidates") + readCount(of, "thoughts")),
        sum((of) => readCount(of, "cached")),
      ),
    },
    ...(failure !== undefined && { failure }),
  };
}

/** Statistics stand on stderr, at its end. */
function readOllama({ stdout, stderr }: { stdout: string; stderr: string }): Said {
  const count = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(stderr)?.[1] ?? 0);
  return { text: stdout, usage: { tokens: tellTokens(count("prompt eval count"), count("eval count")) } };
}

export const presets = {
  claude: {
    program: "claude",
    is: "Claude Code, printing its result as JSON",
    version: "2.1",
    install: "npm install -g @anthropic-ai/claude-code",
    keys: ["ANTHROPIC_API_KEY"],
    command: (model) => withModel("claude -p --output-format json", "--model", model),
    read: readClaude,
  },
  codex: {
    program: "codex",
    is: "Codex, printing its events as JSON lines; it may read files and change none",
    version: "0.46",
    install: "npm install -g @openai/codex",
    keys: ["CODEX_API_KEY"],
    command: (model) => `${withModel("codex exec --json --skip-git-repo-check", "--model", model)} -`,
    read: readCodex,
  },
  gemini: {
    program: "gemini",
    is: "Gemini CLI, printing its response as JSON",
    version: "docs of 2026",
    install: "npm install -g @google/gemini-cli",
    keys: ["GEMINI_API_KEY"],
    command: (model) => withModel("gemini --output-format json", "--model", model),
    read: readGemini,
  },
  llm: {
    program: "llm",
    is: "llm by Simon Willison, with any of its models; it does not say what a turn took",
    version: "0.9",
    install: "pipx install llm",
    keys: ["OPENAI_API_KEY"],
    command: (model) => withModel("llm --no-stream", "-m", model),
    read: ({ stdout }) => ({ text: stdout }),
  },
  ollama: {
    program: "ollama",
    is: "Ollama, with a model on this machine",
    version: "docs of 2026",
    install: "see https://ollama.com/download",
    keys: [],
    needsModel: true,
    command: (model) => `ollama run ${model ?? "MODEL"} --nowordwrap --hidethinking --verbose`,
    read: readOllama,
  },
} as const satisfies { [name: string]: Preset };

export type PresetName = keyof typeof presets;

/** The preset of that name. */
export function findPreset(name: string): Preset | undefined {
  return Object.hasOwn(presets, name) ? presets[name as PresetName] : undefined;
}

/** What models' services say when somebody asks too much of them, or they have too much to do. */
const busy = /\b(429|529|503)\b|rate.?limit|too many requests|overloaded|usage limit|quota|resource.?exhausted|try again (later|in)/i;

/** Whether another attempt may go better. */
export function isBusy(said: string): boolean {
  return busy.test(said);
}
