/** The addresses of resources: parts of the turns in hand, and what threads said. */

/** What of a turn can be read by itself. */
export const turnParts = {
  prompt: "What to do.",
  role: "The role, as its author wrote it: goal, procedure and whatever else.",
  event: "The event that began the thread.",
  last: "The answer before this turn.",
  handover: "What whoever held the role before left: the thread, the open turn and the last progress.",
  schema: "The JSON Schema of the answer.",
  turn: "All of it, as JSON.",
} as const;

export type TurnPart = keyof typeof turnParts;

export const isTurnPart = (text: string): text is TurnPart => Object.hasOwn(turnParts, text);

/** Ids are of letters that need no escape in a path. */
export const addressTurn = (turn: string, part: TurnPart): string => `nerveflare://turns/${turn}/${part}`;

/** A page of a thread's steps: those after a round. */
export const addressSteps = (thread: string, after?: number | string): string =>
  `nerveflare://threads/${thread}/messages${after === undefined ? "" : `/${after}`}`;

export const turnTemplate = "nerveflare://turns/{turn}/{part}";
export const stepsTemplate = "nerveflare://threads/{thread}/messages";
export const laterStepsTemplate = "nerveflare://threads/{thread}/messages/{after}";
