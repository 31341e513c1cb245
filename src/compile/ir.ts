/**
 * The intermediate form of a checked workflow: plain JSON, every default filled in, both graph forms alike.
 * Passes before it know YAML; passes after it know only this.
 */
import type { Json } from "../contract/event.ts";
import type { JsonSchema } from "../contract/json-schema/check-schema.ts";
import type {
  AckNeed,
  Binding,
  BindMode,
  LossPolicy,
  MissedPolicy,
  OverflowPolicy,
  PickMode,
  ReflexKind,
  RoleType,
  Signal,
  TurnPolicy,
  UnfilledPolicy,
} from "../contract/language.ts";

/** JSONata source that was checked to parse and to use nothing that can't replay. */
export type Expression = string;

/** Milliseconds. */
export type Milliseconds = number;

/**
 * A prompt: sent as written, or Liquid over what the edge sees. `mustache` marks one that was written in mustache's
 * spelling (`{{{x}}}`), which joined lists with commas where Liquid joins them without.
 */
export type Template = { kind: "literal"; text: string } | { kind: "liquid"; source: string; mustache?: true };

/** What the agents of a thread may spend before a person is asked; at least one of both. */
export interface BudgetIr {
  tokens?: number;
  /** Without a currency. */
  cost?: number;
}

export interface RoleIr {
  name: string;
  type: RoleType;
  /** Named roles only: an id, or JSONata over `{event, start}`. */
  agent?: { id: string } | { from: Expression };
  eligibility: {
    /** Capabilities the agent must have been granted, all of them. */
    all: string[];
    agents?: string[];
    /** Names of roles, mutual within a group. */
    notRoles: string[];
    /** Ids of agents. */
    notAgents: string[];
    /** JSONata over the agent's card. */
    where?: Expression;
  };
  recruitment: {
    timeout: Milliseconds;
    retries: number;
    backoff: Milliseconds;
    group: string;
    pick: PickMode;
    score?: Expression;
    onUnfilled: UnfilledPolicy;
  };
  bind: BindMode;
  heartbeat: { every: Milliseconds; miss: number };
  turn: { timeout: Milliseconds; retries: number; onTimeout: TurnPolicy; onFail: TurnPolicy };
  offline: { grace: Milliseconds; then: LossPolicy };
  /** Of all its turns in a thread. */
  budget?: BudgetIr;
  broadcast?: {
    need: AckNeed | number;
    timeout: Milliseconds;
    /** JSONata over the output. */
    ok?: Expression;
    /** A panel: that many of the eligible, side by side. */
    of?: number;
    ttl: Milliseconds;
  };
  /** JSON Schema of the output (`frontmatter`, older `meta`, `outputSchema`). */
  schema?: JsonSchema;
  /** Every field that the author wrote, for the turn: who the role is and what it owes. */
  fields: { [key: string]: Json };
}

export type EdgeGuard =
  /** Status form: the last output's `$status`, an engine's status, `_`, or `new`/`resume` of `$START`. */
  | { type: "status"; status: string }
  /** List form with a named condition. */
  | { type: "condition"; name: string; expression: Expression }
  /** List form without one. */
  | { type: "always" };

/** `data` or `input`: JSONata where the author wrote a string, else a literal whose strings are templates. */
export type Payload = { kind: "expression"; source: Expression } | { kind: "literal"; value: Json; liquid: boolean };

export interface EmitIr {
  kind: string;
  data?: Payload;
  /** A literal `to`, or a template. */
  to?: Template;
}

export interface SpawnIr {
  workflow: string;
  input?: Payload;
  /** Milliseconds to wait for the children; absent: not awaited. */
  await?: Milliseconds;
}

export interface EdgeIr {
  /** Unique within the node, stable: the status, or the place in the list (`"0"`, `"1"`, …). Names the edge in the machine. */
  id: string;
  guard: EdgeGuard;
  /** What the author wrote, for pictures and stories: the status, the condition's name, or `otherwise`. */
  label: string;
  description?: string;
  /** A role's name, `$END` or `$SUSPEND`. */
  target: string;
  prompt?: Template;
  location?: string;
  emit: EmitIr[];
  spawn: SpawnIr[];
}

export interface NodeIr {
  /** `$START` or a role's name. */
  name: string;
  edges: EdgeIr[];
}

/** When a reflex acts by itself. */
export interface ScheduleIr {
  /** Cron: five parts, or six with seconds first. */
  cron: string;
  /** Of the IANA database. */
  timezone: string;
  missed: MissedPolicy;
  /** The event's data: JSONata over `{planned, schedule, timezone}`, or a constant; absent: these three. */
  input?: Payload;
}

/** What a reflex of each kind says, beside what it listens to; one with a schedule listens to nothing. */
interface ReflexParts {
  workflow: { key?: Expression[]; priority?: Expression; schedule?: ScheduleIr };
  signal: { key: Expression[]; signal: Signal };
  emit: { emit: EmitIr[] };
}

export type ReflexIr = { [K in ReflexKind]: { kind: K; on: string[]; when?: Expression } & ReflexParts[K] }[ReflexKind];

/** How the graph was written: conditions tried in order, a map of statuses, or one expression in place of both. */
export type GraphForm = "list" | "status" | "moderator";

export interface WorkflowIr {
  /** Version of this form; it only grows. */
  ir: 1;
  name: string;
  description: string;
  version?: number;
  binding: Binding;
  form: GraphForm;
  /** In the author's order. */
  roles: RoleIr[];
  /** `$START` first, then in the author's order. */
  nodes: NodeIr[];
  /** Form `moderator`: one JSONata expression that gives `{role, prompt?}`; `nodes` then hold an edge per role and `$END`. */
  moderator?: Expression;
  input?: JsonSchema;
  /** Clients of the gateways and agents may start it by name. */
  expose?: true;
  reflexes: ReflexIr[];
  concurrency?: number;
  overflow: OverflowPolicy;
  maxQueue?: number;
  maxRounds: number;
  /** Of all turns of a thread. */
  budget?: BudgetIr;
}
