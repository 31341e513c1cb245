/** Proves a workflow's graph: explores both machines together and tells what can go wrong, with the story of how. */
import type { CompiledWorkflow } from "../compile/compile-workflow.ts";
import type { Related, Severity } from "../compile/diagnostics/diagnostic.ts";
import type { Span } from "../compile/source/span.ts";
import { type ProofName, proofCatalogue } from "./catalogue.ts";
import { type Exploration, explore, type FoundFault, findReaching, tellWay, type Visit } from "./explore.ts";
import { findUnmatched } from "./find-unmatched.ts";
import { findBreaches } from "./invariants.ts";
import { createModel, type Model } from "./model.ts";
import { createStepper, type Stepper } from "./stepper.ts";
import { type Budget, isExhausted, readRecruitment, readTask, type World } from "./world.ts";

/** One finding, shaped like the compiler's own. `span` is empty unless `locate` was given. */
export interface ProofDiagnostic {
  code: string;
  name: ProofName;
  severity: Severity;
  message: string;
  span: Span;
  related: Related[];
  hint?: string;
  /** The role or node that it is about. */
  node: string | null;
  /** The shortest way there, a sentence per step. */
  story: string[];
}

export interface ProofOptions {
  /** Worlds at most, over all passes. Default 80,000. */
  states?: number;
  /** Seconds at most. Default 20. */
  seconds?: number;
  /** Milliseconds since some moment; for the limit of seconds. Default `Date.now`. */
  now?: () => number;
  /** Where a node or a role is in the author's text. */
  locate?: (node: string) => Span | undefined;
}

export interface Proof {
  diagnostics: ProofDiagnostic[];
  /** Worlds that were explored. */
  states: number;
  /** False where a limit ended the walk: what was not seen may still be there. */
  complete: boolean;
  /** What the walk was, in a sentence. */
  note: string;
}

interface Pass {
  title: string;
  start: "new" | "resume";
  budget: Budget;
}

const nothing: Budget = { presence: 0, person: 0, faults: 0, rounds: 1 };

function listPasses(model: Model): Pass[] {
  const starts = model.nodes.get("$START")?.edges.some(({ guard }) => guard.type === "status" && guard.status === "resume");
  return [
    { title: "agents do their work", start: "new", budget: nothing },
    { title: "turns fail", start: "new", budget: { ...nothing, faults: 3 } },
    { title: "people step in", start: "new", budget: { ...nothing, person: 1, rounds: 0 } },
    ...(starts ? [{ title: "the thread is reopened", start: "resume" as const, budget: nothing }] : []),
    // Explored last: it is the largest, and gets what the others left of the limit.
    { title: "agents come and go", start: "new", budget: { ...nothing, presence: 1, rounds: 0 } },
  ];
}

function isEnded({ world }: Visit): boolean {
  return world.recruitment.snapshot.status === "done";
}

function isCompleted({ world }: Visit): boolean {
  return world.recruitment.snapshot.status === "done" && world.recruitment.snapshot.hasTag("completed");
}

/** Nothing is under way, no timer runs, nobody was told to act, and still the thread is not over. */
function isEndlessWait({ world, ways, expanded }: Visit): boolean {
  const { recruitment, task, toTask, toRecruitment } = world;
  if (!expanded || recruitment.snapshot.status !== "active" || toTask.length + toRecruitment.length > 0) return false;
  if (recruitment.timers.length > 0 || (task?.timers.length ?? 0) > 0) return false;
  if (recruitment.snapshot.hasTag("waits-for-person") || task?.snapshot.hasTag("waits-for-person")) return false;
  return !ways.some(({ by }) => by === "host" || by === "channel");
}

/** Whether the thread was told to end, or something is under way that may say so. */
function isDoomed(model: Model, world: World): boolean {
  if (world.recruitment.snapshot.status !== "active" || readRecruitment(world).closing !== null) return true;
  if (world.task && world.task.snapshot.status !== "active") return true;
  return world.toTask.length + world.toRecruitment.length > 0 || isExhausted(model, world);
}

function describeWait(model: Model, world: World): { node: string | null; text: string } {
  const open = readTask(world)?.open ?? null;
  if (!world.task) {
    const seats = readRecruitment(world).seats;
    const missing = model.ir.roles.filter((role) => role.type === "open" && typeof seats[role.name]?.agent !== "string");
    const names = missing.map((role) => role.name).join(", ");
    return { node: missing[0]?.name ?? null, text: `nobody holds ${names || "a role"} yet` };
  }
  if (world.task.snapshot.value === "suspended") return { node: open?.role ?? null, text: "the thread is suspended" };
  return { node: open?.role ?? null, text: open ? `it is the turn of ${open.role}` : "no turn is open" };
}

function number(way: string[][], last: string): string[] {
  const lines = ["an event arrives", ...way.map((told) => told.join("; ")), last];
  return lines.map((line, index) => `${index + 1}. ${line}`);
}

/** Collects findings: the first of each kind and place is the shortest story. */
function createFindings(options: ProofOptions): {
  add(name: ProofName, node: string | null, message: string, story: string[], hint?: string): void;
  has(name: ProofName, node: string | null): boolean;
  list(): ProofDiagnostic[];
} {
  const found = new Map<string, ProofDiagnostic>();
  return {
    add(name, node, message, story, hint) {
      const key = `${name}|${node ?? message}`;
      if (found.has(key)) return;
      const { code, severity } = proofCatalogue[name];
      const span = (node === null ? undefined : options.locate?.(node)) ?? { start: 0, end: 0 };
      found.set(key, { code, name, severity, message, span, related: [], node, story, ...(hint === undefined ? {} : { hint }) });
    },
    has: (name, node) => found.has(`${name}|${node}`),
    list: () => [...found.values()].sort((a, b) => a.code.localeCompare(b.code)),
  };
}

type Findings = ReturnType<typeof createFindings>;

const faultNames = {
  "no-edge": "proof-no-edge",
  "wrong-way": "proof-wrong-way",
  "lost-message": "proof-lost-message",
  "step-fails": "proof-step-fails",
} as const;

function reportFault(findings: Findings, { visits }: Exploration, fault: FoundFault): void {
  const way = fault.at < 0 ? [] : tellWay(visits, fault.at);
  const told = fault.told.filter((line) => line !== fault.detail);
  const story = number([...way, ...(told.length > 0 ? [told] : [])], `${fault.detail}.`);
  const hint =
    fault.kind === "no-edge" && fault.node !== null ? "Add a last transition without a condition, or an edge for it." : undefined;
  findings.add(faultNames[fault.kind], fault.node, `${fault.detail}.`, story, hint);
}

function judge(model: Model, exploration: Exploration, findings: Findings): void {
  const { visits } = exploration;
  for (const fault of exploration.faults) reportFault(findings, exploration, fault);
  for (const [at, { world }] of visits.entries())
    for (const { kind, role, detail } of findBreaches(model, world))
      findings.add(`proof-${kind}`, role, `${detail}.`, number(tellWay(visits, at), `${detail}.`));

  const waiting = visits.findIndex(isEndlessWait);
  const waits = visits[waiting];
  if (waits) {
    const { node, text } = describeWait(model, waits.world);
    const message = `The thread can wait for ever: ${text}, no timer runs, and no person is asked.`;
    const hint = "Give the wait a timeout (`recruitment.timeout`, `turn.timeout`, `offline.then`).";
    findings.add(
      "proof-endless-wait",
      node,
      message,
      number(tellWay(visits, waiting), `${text}: the thread waits and nothing ends it.`),
      hint,
    );
  }

  // Ignore cancelling: it always ends a thread.
  const onward = (way: { by: string; resumes: boolean }): boolean => way.by !== "person" || way.resumes;
  const ends = findReaching(visits, isEnded, onward);
  const stuck = visits.findIndex((_, at) => !ends.has(at));
  const stays = visits[stuck];
  if (stays) {
    const { node, text } = describeWait(model, stays.world);
    const message = `The thread can get stuck: ${text}, and nothing that agents or timers do ever ends it.`;
    findings.add("proof-deadlock", node, message, number(tellWay(visits, stuck), `${text}: the thread is stuck.`));
  }
  const completes = findReaching(visits, isCompleted, onward);
  const failing = visits.findIndex((visit, at) => ends.has(at) && !completes.has(at) && !isDoomed(model, visit.world));
  const fails = visits[failing];
  if (fails) {
    const { node, text } = describeWait(model, fails.world);
    const message = `From here the thread can only fail: ${text}, and no answer leads to $END.`;
    findings.add(
      "proof-no-exit",
      node,
      message,
      number(tellWay(visits, failing), `${text}: whatever is answered, the thread never completes.`),
    );
  }
}

/** Turns that the shortest way from `$START` to `$END` takes; undefined where there is none. */
function countTurns(model: Model): number | undefined {
  let layer = ["$START"];
  const seen = new Set(layer);
  for (let turns = 0; layer.length > 0; turns++) {
    const targets = layer.flatMap((node) => model.nodes.get(node)?.edges.map((edge) => edge.target) ?? []);
    if (targets.includes("$END")) return turns;
    layer = targets.filter((target) => !seen.has(target) && model.roles.has(target));
    for (const target of layer) seen.add(target);
  }
  return undefined;
}

function checkRounds(model: Model, findings: Findings): void {
  const turns = countTurns(model);
  if (turns === undefined || turns <= model.ir.maxRounds) return;
  const message = `The shortest way to $END takes ${turns} turns, and max_rounds allows ${model.ir.maxRounds}: the thread can only fail.`;
  findings.add("proof-no-exit", "$START", message, number([], message), `Set max_rounds to ${turns} or more.`);
}

function checkPlayed(model: Model, played: Set<string>, findings: Findings): void {
  for (const role of model.ir.roles) {
    if (played.has(role.name)) continue;
    const holders = role.eligibility.agents?.filter((agent) => !role.eligibility.notAgents.includes(agent));
    const last =
      role.type === "open" && holders?.length === 0
        ? `nobody may hold ${role.name}: \`not\` excludes everybody whom \`agents\` names.`
        : `in no way of answering is ${role.name} given a turn.`;
    findings.add("proof-role-never-played", role.name, `The role ${role.name} can never be played: ${last}`, number([], last));
  }
}

/** What was seen whole, and what was cut. */
function describeCover(passes: readonly Pass[], cut: readonly string[]): string {
  const whole = passes.flatMap(({ title }) => (cut.includes(title) ? [] : [title]));
  return `${whole.length > 0 ? `all of them where ${whole.join(", ")}, and ` : "and "}was cut where ${cut.join(", ")}`;
}

function explorePass(model: Model, stepper: Stepper, pass: Pass, states: number, isLate: () => boolean): Exploration {
  return explore(model, stepper, stepper.begin(pass.start, pass.budget), { states, isLate });
}

/**
 * Proves a compiled workflow. Never throws for what is wrong with it: a machine that cannot be run is a finding.
 * @returns findings with their stories; `complete: false` where a limit ended the walk
 */
export async function proveWorkflow(compiled: CompiledWorkflow, options: ProofOptions = {}): Promise<Proof> {
  const { states: most = 80_000, seconds = 20, now = Date.now } = options;
  const findings = createFindings(options);
  const made = createModel(compiled);
  if (!made.ok) {
    findings.add(
      "proof-step-fails",
      null,
      `The machines cannot be loaded: ${made.fault}.`,
      number([], `a machine cannot be loaded: ${made.fault}`),
    );
    return { diagnostics: findings.list(), states: 0, complete: true, note: "The machines cannot be loaded." };
  }
  const { model } = made;
  const begun = now();
  const isLate = (): boolean => now() - begun > seconds * 1000;
  const stepper = createStepper(model);
  const played = new Set<string>();
  // First: a concrete answer says more than that there may be one.
  for (const { node, message, story, hint } of await findUnmatched(compiled.ir)) findings.add("proof-no-edge", node, message, story, hint);
  let states = 0;
  const cut: string[] = [];
  const passes = listPasses(model);
  for (const [index, pass] of passes.entries()) {
    const share = Math.ceil((most - states) / (passes.length - index));
    let exploration: Exploration;
    try {
      exploration = explorePass(model, stepper, pass, share, isLate);
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      findings.add("proof-step-fails", null, `A step fails: ${detail}.`, number([], `a step fails: ${detail}`));
      continue;
    }
    states += exploration.visits.length;
    if (!exploration.complete) cut.push(pass.title);
    for (const role of exploration.played) played.add(role);
    judge(model, exploration, findings);
  }
  checkRounds(model, findings);
  if (cut.length === 0) checkPlayed(model, played, findings);
  const complete = cut.length === 0;
  const note = complete
    ? `explored ${states} states: every one within the bounds`
    : `not finished: explored ${states} states, ${describeCover(passes, cut)}; what was not seen may still go wrong. More: --states, --seconds`;
  return { diagnostics: findings.list(), states, complete, note };
}
