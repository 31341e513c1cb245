/**
 * The registry port on D1. Caches are the isolate's, shared by all objects in it: what is cached is immutable or known by
 * its version. Promises are never shared: in workerd a request must not wait for another request's I/O.
 */
import type { CompiledWorkflow } from "../../compile/compile-workflow.ts";
import type { ReflexIr } from "../../compile/ir.ts";
import type { JsonSchema } from "../../contract/json-schema/check-schema.ts";
import type { AgentCard } from "../../contract/views/agent.ts";
import type { RegistryRpc } from "../protocol/registry.ts";
import type { RegistryHead } from "../protocol/registry-head.ts";
import { type PastTurn, statsLimits } from "../thread/eligibility/agent-stats.ts";
import { boardLimits } from "./board-limits.ts";
import { readPastTurns } from "./past-turns.ts";
import { createRecentValues } from "./recent-values.ts";
import type { PublishedReflexes, Registry } from "./registry.ts";
import { createSubscriptionSet, type SubscriptionSet } from "./subscription-set.ts";

interface ReflexSet {
  version: number;
  byWorkflow: Map<string, PublishedReflexes>;
  list: PublishedReflexes[];
  subscriptions: SubscriptionSet;
}

/** Databases whose reflex set is kept: one in a deployed Worker, a few in a process of tests. */
const reflexSets = createRecentValues<ReflexSet>(4);

/** Characters of compiled JSON that are kept: parsed, they take several times as many bytes of the isolate's 128 MB. */
const revisions = createRecentValues<CompiledWorkflow>(4_000_000);

/** What an agent did, by database, agent and role: a few seconds old at most, for the claims of one race. */
const pastTurns = createRecentValues<{ at: number; read: { role: PastTurn[]; overall: PastTurn[] } }>(500);

interface WorkflowRow {
  name: string;
  revision: string;
  published: number;
  input: string | null;
  exposed: number;
  reflexes: string;
}

/** A row of table `agent` as a card. */
export interface AgentCardRow {
  id: string;
  capabilities: string;
  roles: string | null;
  kinds: string | null;
}

/** Reads a card out of its row. */
export function parseAgentCard(row: AgentCardRow): AgentCard {
  return {
    id: row.id,
    capabilities: JSON.parse(row.capabilities) as string[],
    roles: row.roles === null ? null : (JSON.parse(row.roles) as string[]),
    kinds: row.kinds === null ? null : (JSON.parse(row.kinds) as string[]),
  };
}

/**
 * Binds the port to a database. Cheap: caches live with the module. What it returns is shared between callers, who must
 * not change it.
 * @param keeper answers from memory what is asked most; without it each ask reads the database
 */
export function createD1Registry(db: D1Database, keeper?: Pick<RegistryRpc, "head" | "agents">): Registry {
  // Only objects have a keeper, and an isolate's objects share one database.
  const cachesTurns = keeper !== undefined;
  async function readCurrent(known?: RegistryHead): Promise<ReflexSet> {
    const now = known ?? (await (keeper ? keeper.head() : readRegistryHead(db)));
    const cached = reflexSets.get(now.id);
    if (cached?.version === now.version) return cached;
    const read = await readReflexes(db, cached && cached.version < now.version ? cached : undefined);
    // Another request may have put a newer set there while this one waited.
    const newest = reflexSets.get(now.id);
    if (!newest || newest === cached || newest.version < read.version) reflexSets.set(now.id, read, 1);
    return read;
  }

  return {
    reflexes: async () => (await readCurrent()).list,

    listeners: async (head) => {
      const { list, subscriptions } = await readCurrent(head);
      return { reflexes: list, subscribers: (kind) => subscriptions.find(kind) };
    },

    subscriptionsOf: async (agent) => (await readCurrent()).subscriptions.byAgent.get(agent) ?? [],

    async revision(hash) {
      const cached = revisions.get(hash);
      if (cached) return cached;
      const row = await db.prepare("SELECT compiled FROM revision WHERE hash = ?").bind(hash).first<{ compiled: string }>();
      if (!row) return undefined;
      const compiled = JSON.parse(row.compiled) as CompiledWorkflow;
      revisions.set(hash, compiled, row.compiled.length);
      return compiled;
    },

    async agents(query) {
      if (keeper) return keeper.agents(query);
      const { capabilities, after, limit } = query;
      const [first, ...rest] = new Set(capabilities);
      if (first === undefined) {
        return readCards(
          db
            .prepare("SELECT id, capabilities, roles, kinds FROM agent WHERE id > ? AND state = 'active' ORDER BY id LIMIT ?")
            .bind(after ?? "", limit),
        );
      }
      // The first capability's index drives; the rest are probed. One JSON parameter, since D1 binds at most 100.
      return readCards(
        db
          .prepare(
            `SELECT a.id, a.capabilities, a.roles, a.kinds FROM agent_capability c JOIN agent a ON a.id = c.agent
             WHERE c.capability = ? AND c.agent > ? AND a.state = 'active' AND NOT EXISTS (
               SELECT 1 FROM json_each(?) asked WHERE NOT EXISTS (
                 SELECT 1 FROM agent_capability held WHERE held.capability = asked.value AND held.agent = c.agent))
             ORDER BY c.agent LIMIT ?`,
          )
          .bind(first, after ?? "", JSON.stringify(rest), limit),
      );
    },

    async exposesAgent(id) {
      return (await db.prepare("SELECT 1 FROM exposed_agent WHERE agent = ? AND open = 1").bind(id).first()) !== null;
    },

    async cards(ids) {
      if (ids.length === 0) return [];
      return readCards(
        db
          .prepare(
            "SELECT id, capabilities, roles, kinds FROM agent WHERE state = 'active' AND id IN (SELECT value FROM json_each(?)) ORDER BY id",
          )
          .bind(JSON.stringify(ids)),
      );
    },

    async pastTurns(agent, workflow, role) {
      const key = JSON.stringify([agent, workflow, role]);
      const cached = cachesTurns && pastTurns.get(key);
      if (cached && Math.abs(Date.now() - cached.at) < statsLimits.held) return cached.read;
      const read = await readPastTurns(db, agent, workflow, role);
      if (cachesTurns) pastTurns.set(key, { at: Date.now(), read }, 1);
      return read;
    },
  };
}

/** Reads the registry's identity and version. */
export async function readRegistryHead(db: D1Database): Promise<RegistryHead> {
  const head = await db.prepare("SELECT id, version FROM registry").first<{ id: string; version: number }>();
  if (!head) throw new Error("The registry's row is missing: apply the migrations in migrations/.");
  return head;
}

/** Cards of the agents that are online by the index, which lags by a second or so. */
export function readOnlineCards(db: D1Database): Promise<AgentCard[]> {
  return readCards(
    db
      .prepare(
        "SELECT a.id, a.capabilities, a.roles, a.kinds FROM agent_presence p JOIN agent a ON a.id = p.agent WHERE p.state = 'online' AND a.state = 'active' LIMIT ?",
      )
      .bind(boardLimits.present),
  );
}

/** Threads that wait for a claim by the index, which lags by a second or so. */
export async function readClaimedThreads(db: D1Database): Promise<string[]> {
  const { results } = await db
    .prepare("SELECT thread FROM wait WHERE part = 'recruitment' AND waits_for = 'claim' ORDER BY since DESC LIMIT ?")
    .bind(boardLimits.asked)
    .all<{ thread: string }>();
  return results.map(({ thread }) => thread);
}

async function readCards(statement: D1PreparedStatement): Promise<AgentCard[]> {
  const { results } = await statement.all<AgentCardRow>();
  return results.map(parseAgentCard);
}

/** Reads what changed since `known`; both statements are one transaction, so rows and version fit. */
async function readReflexes(db: D1Database, known: ReflexSet | undefined): Promise<ReflexSet> {
  const [versions, rows, subscribed] = await db.batch([
    db.prepare("SELECT version FROM registry"),
    db.prepare("SELECT name, revision, published, input, exposed, reflexes FROM workflow WHERE changed > ?").bind(known?.version ?? -1),
    db.prepare("SELECT agent, kinds FROM subscription WHERE changed > ?").bind(known?.version ?? -1),
  ]);
  const [row] = (versions?.results ?? []) as { version: number }[];
  const byWorkflow = new Map(known?.byWorkflow);
  for (const changed of (rows?.results ?? []) as WorkflowRow[]) {
    if (changed.published) byWorkflow.set(changed.name, parseReflexes(changed));
    else byWorkflow.delete(changed.name);
  }
  const list = [...byWorkflow.values()].sort((a, b) => (a.workflow < b.workflow ? -1 : 1));
  const changes = (subscribed?.results ?? []) as { agent: string; kinds: string }[];
  const subscriptions = known && !changes.length ? known.subscriptions : applyChanges(known?.subscriptions, changes);
  return { version: row?.version ?? 0, byWorkflow, list, subscriptions };
}

function applyChanges(known: SubscriptionSet | undefined, changes: { agent: string; kinds: string }[]): SubscriptionSet {
  const byAgent = new Map(known?.byAgent);
  for (const { agent, kinds } of changes) {
    const list = JSON.parse(kinds) as string[];
    if (list.length) byAgent.set(agent, list);
    else byAgent.delete(agent);
  }
  return createSubscriptionSet(byAgent);
}

function parseReflexes(row: WorkflowRow): PublishedReflexes {
  return {
    workflow: row.name,
    revision: row.revision,
    input: row.input === null ? null : (JSON.parse(row.input) as JsonSchema),
    reflexes: JSON.parse(row.reflexes) as ReflexIr[],
    ...(row.exposed === 1 && { exposed: true }),
  };
}
