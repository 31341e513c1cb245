/** What a hook's object answers to: it takes no messages. */

import type { HookSender } from "../../contract/hook-senders.ts";
import type { Result } from "../../contract/problem.ts";
import type { HookAnswer, HookStanding, HookTrial } from "../../contract/views/hook.ts";

/** What is set when a hook is made. */
export interface NewHook {
  from: HookSender;
  kinds: string[];
  /** Checked JSONata. */
  map: string;
  secret: string;
}

/** A delivery as it came. */
export interface HookDelivery {
  /** By lower-case name. */
  headers: { [name: string]: string };
  body: Uint8Array;
}

export interface HookRpc {
  /** Answers when it is durable. */
  create(hook: NewHook): Promise<void>;
  /** Other kinds, or another map. */
  change(changes: Partial<Pick<NewHook, "kinds" | "map">>): Promise<Result<null>>;
  /** @param overlap milliseconds for which the former secret is good as well */
  rotate(secret: string, overlap: number): Promise<Result<null>>;
  standing(): Promise<HookStanding | null>;
  /** Takes what was posted. What it answers as accepted is durable. */
  take(delivery: HookDelivery): Promise<Result<HookAnswer>>;
  /** A delivery was refused at the door. */
  noteRefusal(code: string, detail: string): Promise<void>;
  /** What a map would make of a payload. @param map absent: its own */
  tryMap(delivery: HookDelivery, map?: string): Promise<Result<HookTrial>>;
  /** It takes nothing any more, and stores nothing. */
  remove(): Promise<void>;
}
