/** Who signs what it posts here, and how. */
export const hookSenders = ["github", "standard", "stripe"] as const;
export type HookSender = (typeof hookSenders)[number];
