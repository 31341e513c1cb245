/** What a benchmark was asked for and cannot do. The message says what it takes. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** Whether it is to be told without where in the code it was found: also what Node says of options that there are not. */
export function isUsageError(error: unknown): error is Error {
  return error instanceof UsageError || String((error as { code?: unknown }).code).startsWith("ERR_PARSE_ARGS");
}

/** Options that say more about others, of which one is needed: alone they would be passed over. */
const partners: { [option: string]: readonly string[] } = {
  heap: ["open"],
  month: ["cost"],
  scenario: ["count", "cost"],
  "by-site": ["count", "cost"],
};

/** @throws {UsageError} naming the option that is missing */
export function refuseLoneOptions(given: { [option: string]: unknown }): void {
  const isGiven = (option: string): boolean => given[option] !== undefined && given[option] !== false;
  for (const [option, others] of Object.entries(partners)) {
    if (isGiven(option) && !others.some(isGiven))
      throw new UsageError(`--${option} goes with ${others.map((other) => `--${other}`).join(" or ")}, which is not there`);
  }
}
