/** Which model, and where: out of the environment. */
import type { ModelSettings } from "./ask-model.ts";

/** @throws Error saying which variable to set */
export function readModelSettings(env: Record<string, string | undefined>): ModelSettings {
  const { MODEL_URL: url, MODEL_KEY: key, MODEL: model, MODEL_STREAM: stream, MODEL_PRICES: prices } = env;
  if (!url || !model) throw new Error("Set MODEL_URL, such as http://127.0.0.1:11434/v1, and MODEL, the model's name there.");
  const [input = Number.NaN, output = Number.NaN] = (prices ?? "").split(",").map(Number);
  if (prices && !(input >= 0 && output >= 0))
    throw new Error("MODEL_PRICES is two numbers, such as 1.25,10: per million tokens read and written.");
  return { url, key: key || undefined, model, stream: stream === "1", ...(prices && { prices: { input, output } }) };
}
