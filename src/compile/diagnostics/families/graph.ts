/** References and graph: a name leads nowhere, or the graph can not do its work. */
import type { CatalogueEntry } from "../catalogue-entry.ts";

export const graphCatalogue = {
  "role-not-in-graph": {
    code: "NRV3001",
    severity: "error",
    title: "A role that the graph leaves out",
    explanation: "The role has no node in the graph, so nothing could be decided after its turn.",
  },
  "node-not-a-role": {
    code: "NRV3002",
    severity: "error",
    title: "A node that is no role",
    explanation: "Nodes of the graph are `$START` and the names of roles.",
  },
  "unknown-target": {
    code: "NRV3003",
    severity: "error",
    title: "An edge to nowhere",
    explanation: "An edge leads to a role, to `$END` or to `$SUSPEND`.",
  },
  "role-unreachable": {
    code: "NRV3004",
    severity: "error",
    title: "A role that nothing reaches",
    explanation: "No path from `$START` leads to the role: it never gets a turn.",
  },
  "end-unreachable": {
    code: "NRV3005",
    severity: "error",
    title: "A role from which `$END` can not be reached",
    explanation: "Once this role has the turn the thread can only go on for ever, or fail.",
  },
  "start-missing": { code: "NRV3006", severity: "error", title: "No `$START`", explanation: "The graph must say which role comes first." },
  "edge-out-of-end": {
    code: "NRV3007",
    severity: "error",
    title: "Edges out of `$END` or `$SUSPEND`",
    explanation: "A thread that ended decides nothing more; a suspended one goes on with the same role.",
  },
  "status-without-edge": {
    code: "NRV3008",
    severity: "error",
    title: "A status without an edge",
    explanation: "The role's schema lets it answer with a status for which its node has no edge: the thread would fail.",
  },
  "edge-without-status": {
    code: "NRV3009",
    severity: "error",
    title: "An edge without a status",
    explanation: "The role's schema never gives this status, so the edge is never taken.",
  },
  "status-missing-in-schema": {
    code: "NRV3010",
    severity: "error",
    title: "A schema without a status",
    explanation: "The node has edges by status, and the role's schema has no `$status` constants.",
  },
  "schema-missing": {
    code: "NRV3011",
    severity: "warning",
    title: "No schema to check the edges against",
    explanation: "The role has edges by status and no `frontmatter`; nothing keeps its agent from answering with another status.",
  },
  "unknown-condition": {
    code: "NRV3012",
    severity: "error",
    title: "An unknown condition",
    explanation: "The transition names a condition that `conditions` does not have.",
  },
  "unused-condition": {
    code: "NRV3013",
    severity: "warning",
    title: "A condition that nothing uses",
    explanation: "No transition names the condition.",
  },
  "last-transition-conditional": {
    code: "NRV3014",
    severity: "warning",
    title: "The last transition has a condition",
    explanation: "If no condition of a node holds, the thread fails. A last transition without a condition catches the rest.",
  },
  "transition-never-tried": {
    code: "NRV3015",
    severity: "warning",
    title: "A transition that is never tried",
    explanation: "Transitions are tried in order, and an earlier one has no condition.",
  },
  "loop-without-max-rounds": {
    code: "NRV3016",
    severity: "warning",
    title: "A loop without `max_rounds`",
    explanation: "The graph has a loop. Without `max_rounds` the default of 100 turns bounds it.",
  },
  "unknown-engine-status": {
    code: "NRV3017",
    severity: "error",
    title: "An unknown engine status",
    explanation: "Statuses that begin with `$` are the engine's own.",
  },
  "misplaced-engine-status": {
    code: "NRV3018",
    severity: "error",
    title: "An engine status in the wrong place",
    explanation:
      "`$ACKED` and `$PARTIAL` belong to broadcast roles, `$MAX_ROUNDS` must lead to `$END`, and agents can not answer with an engine's status.",
  },
  "unit-status-not-alone": {
    code: "NRV3019",
    severity: "error",
    title: "`_` beside other statuses",
    explanation: "`_` stands for the only way on from a node; it can not stand beside named statuses.",
  },
  "unknown-start-status": {
    code: "NRV3020",
    severity: "error",
    title: "An unknown key under `$START`",
    explanation: "`$START` has `new`, which starts a thread, and `resume`, which continues an ended one; older files have `_` alone.",
  },
  "agent-on-open-role": {
    code: "NRV3021",
    severity: "error",
    title: "An agent on a role that is not named",
    explanation: "`agent` binds a named role. Who may claim an open or broadcast role is said by `eligibility`.",
  },
  "named-without-agent": {
    code: "NRV3022",
    severity: "error",
    title: "A named role without an agent",
    explanation: "A role of type `named` must say which agent it is: an id, or `{from: <JSONata>}`.",
  },
  "not-names-nobody": {
    code: "NRV3023",
    severity: "error",
    title: "`not` names nobody",
    explanation:
      "An entry of `eligibility.not` is a role of this workflow, or an agent: one that the file names elsewhere, or `agents/<id>`.",
  },
  "forfeit-without-edge": {
    code: "NRV3024",
    severity: "error",
    title: "`forfeit` without an edge",
    explanation: "`forfeit` hands the status to the graph as a step; in status form the node needs an edge with that status.",
  },
  "unknown-role": {
    code: "NRV3025",
    severity: "error",
    title: "An unknown role",
    explanation: "A role is named that the workflow does not have.",
  },
  "without-effect": {
    code: "NRV3026",
    severity: "warning",
    title: "A field without effect",
    explanation: "The field is right in itself, but nothing reads it here.",
  },
  "endless-spawn": {
    code: "NRV3027",
    severity: "error",
    title: "A workflow that always spawns itself",
    explanation: "Each of its threads spawns another one on every way to `$END`, until the chain is cut off 16 deep.",
  },
  "endless-chain": {
    code: "NRV3028",
    severity: "warning",
    title: "An event that leads back to itself",
    explanation: "The workflow emits a kind that its own reflexes answer with the same again, until the chain is cut off 16 deep.",
  },
  "nobody-eligible": {
    code: "NRV3029",
    severity: "error",
    title: "A role that nobody can take",
    explanation: "`eligibility.agents` names nobody whom `eligibility.not` does not take away again.",
  },
  "need-too-great": {
    code: "NRV3030",
    severity: "warning",
    title: "More answers than agents",
    explanation: "The broadcast needs more answers than agents are asked, so it can never give `$ACKED`.",
  },
  "nothing-to-score": {
    code: "NRV3031",
    severity: "warning",
    title: "The best of nothing",
    explanation:
      "`pick: best` goes by `score`, and without it by the bid. Here is no `score`, and the role's text asks for no bid: all claims count 0.",
  },
  "rounds-too-few": {
    code: "NRV3032",
    severity: "warning",
    title: "`max_rounds` is too small to reach the end",
    explanation: "Each turn is a round. The shortest way from `$START` to `$END` has more turns than `max_rounds` allows.",
  },
  "edge-never-taken": {
    code: "NRV3033",
    severity: "warning",
    title: "An edge that can never be taken",
    explanation: "The engine never gives the edge's status here, or its condition can never hold when it is tried.",
  },
  "status-in-two-branches": {
    code: "NRV3034",
    severity: "warning",
    title: "One status in two branches",
    explanation: "Two branches of `oneOf` have the same `$status`. An answer must fit just one of them, and the status does not say which.",
  },
  "test-never-holds": {
    code: "NRV3035",
    severity: "warning",
    title: "A test that never holds",
    explanation:
      "`where`, `ok` or `when` says what no value can meet: nobody may claim the role, no answer counts, or the reflex never acts.",
  },
  "panel-too-large": {
    code: "NRV3036",
    severity: "warning",
    title: "A panel of more agents than there are",
    explanation: "`of` is more than `eligibility` leaves: the panel is as many as there are.",
  },
  "role-out-of-rounds": {
    code: "NRV3037",
    severity: "warning",
    title: "A role that `max_rounds` never reaches",
    explanation: "Each turn is a round. The shortest way to the role has more turns than `max_rounds` allows.",
  },
  "timer-never-counts": {
    code: "NRV3038",
    severity: "warning",
    title: "A time that another one cuts short",
    explanation: "When the time is up, what it waits for can't come any more: an earlier one has ended that.",
  },
  "budget-never-spent": {
    code: "NRV3039",
    severity: "warning",
    title: "A role's budget that is larger than the workflow's",
    explanation: "All turns of a thread draw on the workflow's budget: it is spent before that of the role is.",
  },
} as const satisfies Record<string, CatalogueEntry>;
