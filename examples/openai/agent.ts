/**
 * An agent whose turns a language model performs, behind any OpenAI-compatible endpoint: OpenAI, vLLM, llama.cpp, Ollama (`…/v1`), a gateway.
 *
 *   MODEL_URL=http://127.0.0.1:11434/v1 MODEL=qwen3:8b node examples/openai/agent.ts
 *
 * MODEL_KEY is sent as a bearer token; MODEL_STREAM=1 asks for a stream; MODEL_PRICES=1.25,10 are prices per million tokens read and
 * written, by which each turn's cost is told.
 */
import { connectAgent } from "../agents/client.ts";
import { closeOnSignal, readSettings } from "../agents/settings.ts";
import { tellEvent, tellNote } from "../agents/tell.ts";
import { performTurn } from "./perform-turn.ts";
import { readModelSettings } from "./read-model-settings.ts";

const settings = readModelSettings(process.env);

const agent = connectAgent({
  ...readSettings(),
  onTurn: (turn, context) => performTurn(settings, turn, context),
  onEvent: tellEvent,
  onNote: tellNote,
});
closeOnSignal(agent);
