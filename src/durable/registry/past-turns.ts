/** Reads an agent's newest past turns from D1: of one role in one workflow, and of all. */
import type { TurnOutcome } from "../../contract/statuses.ts";
import { type PastTurn, statsLimits } from "../thread/eligibility/agent-stats.ts";

/** A turn as `agent_turns` has it: key, outcome, given, ended, and what it took where its agent said so. */
type KeptTurn = [key: string, outcome: TurnOutcome, given: number, ended: number, tokens?: number | null, cost?: number | null];

export async function readPastTurns(
  db: D1Database,
  agent: string,
  workflow: string,
  role: string,
): Promise<{ role: PastTurn[]; overall: PastTurn[] }> {
  const { turns: limit } = statsLimits;
  const columns = "SELECT outcome, given_at, ended_at FROM turn WHERE agent = ?";
  const [ofRole, overall, kept, allKept] = await db.batch<PastTurn | { turns: string }>([
    // What a Worker of before wrote: a row a turn.
    db.prepare(`${columns} AND workflow = ? AND role = ? ORDER BY ended_at DESC LIMIT ?`).bind(agent, workflow, role, limit),
    db.prepare(`${columns} ORDER BY ended_at DESC LIMIT ?`).bind(agent, limit),
    db.prepare("SELECT turns FROM agent_turns WHERE agent = ? AND workflow = ? AND role = ?").bind(agent, workflow, role),
    // The newest hundred turns are in at most as many roles: those that ended last.
    db.prepare("SELECT turns FROM agent_turns WHERE agent = ? ORDER BY ended_at DESC LIMIT ?").bind(agent, limit),
  ]);
  return { role: takeNewest(ofRole?.results, kept?.results), overall: takeNewest(overall?.results, allKept?.results) };
}

/** A turn whose row came again while the Worker was replaced is in both, and counted once. */
function takeNewest(older: unknown[] = [], rows: unknown[] = []): PastTurn[] {
  const kept = (rows as { turns: string }[])
    .flatMap(({ turns }) => JSON.parse(turns) as KeptTurn[])
    .map(
      ([, outcome, given_at, ended_at, tokens, cost]): PastTurn => ({
        ...{ outcome, given_at, ended_at },
        ...(typeof tokens === "number" && { tokens }),
        ...(typeof cost === "number" && { cost }),
      }),
    );
  const name = ({ outcome, given_at, ended_at }: PastTurn): string => `${outcome} ${given_at} ${ended_at}`;
  const known = new Set(kept.map(name));
  return [...kept, ...(older as PastTurn[]).filter((turn) => !known.has(name(turn)))]
    .sort((a, b) => b.ended_at - a.ended_at)
    .slice(0, statsLimits.turns);
}
