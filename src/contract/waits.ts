/**
 * What a thread can wait for: each word once, with what it means. The thread, the list, the explanation, the status, the index and the
 * command say these words. Plain lists, so that a client needs no zod for them.
 */

type Meanings = Readonly<Record<string, string>>;

/** `waiting.for`. Whoever acts on a word does it by a `Record` of all of them: one that is added and forgotten somewhere does not compile. */
export const waitMeanings = {
  place: "A place in its workflow's queue.",
  claim: "An agent that claims an open role.",
  pause: "The end of a pause, after which a role is offered again.",
  holder: "The agent that holds a role and is away.",
  answer: "The answer of the agent that has the turn.",
  answered: "A broadcast's turn: until as many of its agents have answered as it needs.",
  children: "Threads that it spawned and awaits.",
  decision: "The engine: which way the graph goes is being decided, or nobody is asked now.",
  person: "A person: it is suspended, a dead letter is to be settled, or nobody holds a named role.",
} as const satisfies Meanings;
export type WaitFor = keyof typeof waitMeanings;
export const waitWords = Object.keys(waitMeanings) as [WaitFor, ...WaitFor[]];

/** Words of before: rows of the index and filters may have them. */
export const oldWaitWords = {
  acks: "answered",
  answers: "answered",
  engine: "decision",
  operator: "person",
} as const satisfies Record<string, WaitFor>;

/** The word of now for one of now or before. */
export function toWaitFor(word: WaitFor | keyof typeof oldWaitWords): WaitFor {
  return Object.hasOwn(oldWaitWords, word) ? oldWaitWords[word as keyof typeof oldWaitWords] : (word as WaitFor);
}

/** Whether a thread is suspended for a dead letter, by its reason; `parked: ` is how such reasons began before. */
export function isDeadLetterReason(reason: string | null | undefined): boolean {
  return /^(dead letter|parked): /.test(reason ?? "");
}

/** How the reason of a thread begins that has spent a budget. */
export const budgetReason = "budget spent: ";

/** Whether a thread is suspended for a budget, by its reason. */
export function isBudgetReason(reason: string | null | undefined): boolean {
  return reason?.startsWith(budgetReason) ?? false;
}

/** The words that a filter takes. */
export const allWaitWords: readonly (WaitFor | keyof typeof oldWaitWords)[] = [
  ...waitWords,
  ...(Object.keys(oldWaitWords) as (keyof typeof oldWaitWords)[]),
];

/** What is common to a wait on every surface. */
export interface WaitFacts {
  for: WaitFor;
  role?: string | undefined;
  agent?: string | undefined;
}

const phrases: Record<WaitFor, (wait: WaitFacts) => string> = {
  place: () => "a place in the queue",
  claim: ({ role }) => `a claim of ${role}`,
  pause: ({ role }) => `the pause before ${role} is offered again`,
  holder: ({ role, agent }) => `the holder of ${nameBoth(role, agent)}, who is away`,
  answer: ({ role, agent }) => `an answer of ${nameBoth(role, agent)}`,
  answered: ({ role }) => `${role} to be answered`,
  children: () => "the children that it spawned",
  decision: () => "a decision of the engine",
  person: ({ role, agent }) => (role === undefined ? "a person" : `a person, over ${nameBoth(role, agent)}`),
};

function nameBoth(role: string | undefined, agent: string | undefined): string {
  return [role, agent && `(${agent})`].filter(Boolean).join(" ");
}

/** In a few words, which hold the wait's own: `an answer of reviewer (bob)`. A word of a later version is said as it is. */
export function describeWait(wait: WaitFacts): string {
  const word = toWaitFor(wait.for);
  return Object.hasOwn(phrases, word) ? phrases[word](wait) : word;
}
