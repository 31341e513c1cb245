/** What the HTTP app is given from outside, so that the same app serves the Worker and tests with fakes. */

import type { CompiledWorkflow } from "../compile/compile-workflow.ts";
import type { Diagnostic } from "../compile/diagnostics/diagnostic.ts";
import type { Json } from "../contract/event.ts";
import type { ReadOrigins } from "../contract/origins.ts";
import type { Placement } from "../contract/placement.ts";
import type { CellMove } from "../contract/views/placement.ts";
import type { AgentRpc, Principal } from "../durable/protocol/agent.ts";
import type { HookRpc } from "../durable/protocol/hook.ts";
import type { ProjectorRpc } from "../durable/protocol/projector.ts";
import type { RecruitmentRpc } from "../durable/protocol/recruitment.ts";
import type { WebhookRpc } from "../durable/protocol/webhook.ts";
import type { WorkflowRpc } from "../durable/protocol/workflow.ts";
import type { Access } from "./operator-store.ts";

export interface CompileAnswer {
  /** Absent when a diagnostic is an error. */
  compiled?: CompiledWorkflow;
  diagnostics: Diagnostic[];
}

/** How many wrong tokens one name at one address may show at once, and a second. */
export interface WrongTokens {
  burst: number;
  perSecond: number;
}

export interface AppPorts {
  db: D1Database;
  /** An agent's object by the agent's id; an operator's by `operators/<name>`. */
  agent(name: string): AgentRpc;
  /** Whether the registry knows the agent: an id that a stranger made up wakes no object. Absent: every object is asked. */
  isRegistered?(agent: string): Promise<boolean>;
  /** A thread's root object by the thread's id. */
  thread(id: string): RecruitmentRpc;
  workflow(name: string): WorkflowRpc;
  /** Whoever writes the log. */
  projector(): Pick<ProjectorRpc, "changed" | "lag">;
  webhook(id: string): WebhookRpc;
  /** An incoming hook's object by the hook's name. */
  hook(name: string): HookRpc;
  /** Whether there is a hook of this name: one that a stranger made up wakes no object. Absent: every object is asked. */
  isHook?(name: string): Promise<boolean>;
  /** Whether webhooks may go into private networks; absent: not. */
  allowsPrivateWebhooks?: boolean;
  /** Where artifacts are kept, and how many bytes of all; absent: nowhere. */
  artifacts?: { bucket: R2Bucket; total: number };
  /** The registry's rows were changed: whoever keeps them in memory must hear of it before the caller is answered. */
  registryChanged(): Promise<void>;
  compile(text: string): CompileAnswer | Promise<CompileAnswer>;
  /** A file that is deployed beside the Worker, by its path there. */
  asset(path: string): Promise<Response>;
  /** Names of the D1 migrations that this code needs; absent: nobody looks. */
  migrations?: readonly string[];
  /** Paused: requests that would run something are answered `unavailable`. */
  paused?: boolean;
  /** Where actors live; absent: nobody compares it with what the database says. */
  placement?: Placement;
  /** Moves a share of a cell's actors to objects of their own; resolves to undefined while the cell is not paused. Absent: there is no cell. */
  moveCell?(): Promise<CellMove | undefined>;
  /** Which variable says what cannot be, and what to do; nothing is served meanwhile. */
  settingsFault?: string | undefined;
  /** Writes into an object's storage. @throws when that fails. Absent: nobody looks. */
  probeObjects?(): Promise<void>;
  /** What is wrong with the folder that holds all data, as a sentence for anybody; null: nothing. Absent: there is none. */
  probeFolder?(): Promise<string | null>;
  /** Milliseconds for which D1 keeps what is shown of a thread whose object was emptied; absent: nobody knows. */
  keepArchives?: number | undefined;
  /** Pages of which other origins may call, as the operator's setting was read; absent: none. */
  origins?: ReadOrigins;
  /** Undefined or empty: the app refuses to serve. */
  adminToken: string | undefined;
  /** Milliseconds since 1970. */
  now(): number;
  /** Whether a request came through an edge that sets the caller's address itself; absent: all did. */
  isFromEdge?(request: Request): boolean;
  /** How many wrong tokens are looked at; absent: all. */
  wrongTokens?: WrongTokens;
  /** Resolves after so many milliseconds. Absent: refusals are answered at once, and their timing reveals what was looked up. */
  pause?(milliseconds: number): Promise<void>;
  /** Cryptographically random. */
  randomBytes(length: number): Uint8Array;
  /** Takes what an operator must see and a caller must not. */
  log(entry: { [field: string]: Json | undefined }): void;
}

/** What Hono carries from the authentication to a route. */
export interface AppEnv {
  Variables: {
    principal: Principal;
    /** An operator's: what it may do. */
    access?: Access;
    /** A ticket was shown in place of the token. */
    byTicket: boolean;
    /** A session's cookie was shown in place of the token. */
    session: string | undefined;
    /** SHA-256 of the token, or of the one that asked for the ticket. */
    tokenHash: string;
  };
}
