/** What a proof and `check` claim of a workflow is held against walks through it, on the host and with the moderator that run. */
import { expect, test } from "vitest";
import { compileWorkflow } from "../../../src/compile/index.ts";
import type { Json } from "../../../src/contract/event.ts";
import { createRandom, proveWorkflow, type Random, sampleSchema } from "../../../src/explore/index.ts";
import { createSimulation } from "../../../src/simulate/create-simulation.ts";
import { makeEvent } from "../../../src/simulate/make-event.ts";
import type { Move, MoveResult } from "../../../src/simulate/simulation.ts";

const pick = <T>(of: readonly T[], random: Random): T => of[Math.floor(random() * of.length)] as T;

const policies = ["suspend", "end", "forfeit", "retry", "rerecruit"] as const;

/** A role by chance, with the statuses that its node needs edges for. */
function writeRole(name: string, form: "list" | "status", random: Random): { text: string; statuses: string[] } {
  const kind = pick(["open", "named", "broadcast", "panel"], random);
  const [late, failed] = [pick(policies, random), pick(policies, random)];
  const schema = "frontmatter: { properties: { $status: { enum: [on, back] }, ok: { type: boolean } }, required: [$status, ok] }";
  const turn = `turn: { timeout: 5m, on_timeout: ${late}, on_fail: ${failed} }`;
  const engine = form === "list" ? [] : [...(late === "forfeit" ? ["$TIMEOUT"] : []), ...(failed === "forfeit" ? ["$FAILED"] : [])];
  if (kind === "open" || kind === "named") {
    const who = kind === "named" ? `agent: ${name}-agent` : `recruitment: { on_unfilled: ${pick(["suspend", "end"], random)} }`;
    return { text: `  ${name}: { goal: x, ${who}, ${turn}, ${schema} }`, statuses: ["on", "back", ...engine] };
  }
  const need = pick(["all", "any", "1", "2", "3"], random);
  const of = kind === "panel" ? `of: ${pick([1, 2], random)}, ` : "";
  const partial = form === "status" && random() < 0.5 ? ["$PARTIAL"] : [];
  const acks = form === "status" && late === "forfeit" ? ["$PARTIAL"] : partial;
  const waits = `turn: { on_timeout: ${late === "rerecruit" ? "suspend" : late} }`;
  return {
    text: `  ${name}: { goal: x, type: broadcast, ${waits}, broadcast: { ${of}ack: { need: ${need}, timeout: 1m } } }`,
    statuses: ["$ACKED", ...acks, ...(form === "status" && late === "forfeit" ? ["$TIMEOUT"] : [])],
  };
}

/** A workflow of two roles, of every kind, with every policy, at every place. */
function writeWorkflow(random: Random): string {
  const form = pick(["list", "status"] as const, random);
  const names = ["a", "b"];
  const roles = names.map((name) => writeRole(name, form, random));
  const conditions = [
    "steps[-1].output.ok = true",
    "steps[-1].output.ok = false",
    "$count(steps) > 2",
    "steps[-1].output.`$status` = '$PARTIAL'",
    "$count(steps[-1].output.missing) > 0",
  ];
  const spawn = random() < 0.25 ? ", spawn: [{ workflow: child, input: \"{ 'n': 1 }\", await: { timeout: 1h } }]" : "";
  const nodes = names.map((name, place) => {
    const next = names[place + 1] ?? "$END";
    const work = place === 0 ? spawn : "";
    const target = (): string => pick([...names, "$END"], random);
    if (form === "status") {
      const edges = roles[place]?.statuses.map(
        (status) => `    ${status}: { role: ${status === "on" || status === "$ACKED" ? next : target()}, prompt: p${work} }`,
      );
      return `  ${name}:\n${edges?.join("\n")}`;
    }
    const tried = [0, 1]
      .slice(0, Math.floor(random() * 3))
      .map(() => `    - { role: ${target()}, condition: c${Math.floor(random() * conditions.length)}, prompt: p }`);
    return `  ${name}:\n${[...tried, `    - { role: ${next}, prompt: p${work} }`].join("\n")}`;
  });
  const start = form === "list" ? "[{ role: a, prompt: p }]" : "{ new: { role: a, prompt: p } }";
  const named = conditions.map((expression, place) => `  c${place}: { expression: ${JSON.stringify(expression)} }`).join("\n");
  const head = `name: drawn\ndescription: d\nbinding: cloud\nmax_rounds: ${pick([1, 2, 3, 6], random)}\nroles:\n${roles.map(({ text }) => text).join("\n")}\n`;
  return `${head}${form === "list" ? `conditions:\n${named}\n` : ""}graph:\n  $START: ${start}\n${nodes.join("\n")}\n`;
}

function chooseMove({ view }: MoveResult, random: Random): Move {
  if (view.status === "suspended") return { do: "resume" };
  if (view.children !== undefined) return { do: "child", status: pick(["completed", "completed", "failed"], random) };
  const kind = random();
  if (kind < 0.15) return { do: "timeout" };
  if (kind < 0.3) return { do: "fail", error: "broken" };
  if (kind < 0.34) return { do: "suspend" };
  return { do: "answer", output: sampleSchema(view.turn?.schema ?? true, random).value as { [key: string]: Json } };
}

const isOver = (status: string): boolean => ["completed", "failed", "cancelled"].includes(status);

test("[PROVE11] what a proof or `check` says never happens does not happen in any of many walks, and nobody gets stuck where it found nothing", async () => {
  const random = createRandom(11);
  const seen = { proved: 0, moves: 0, ended: 0, claims: 0 };
  for (let drawn = 0; drawn < 14; drawn++) {
    const text = writeWorkflow(random);
    const { compiled, diagnostics, never = [] } = compileWorkflow(text);
    if (!compiled) continue;
    const proof = await proveWorkflow(compiled, { states: 20_000, seconds: 60 });
    const unplayed = new Set(proof.diagnostics.flatMap(({ name, node }) => (name === "proof-role-never-played" ? [node] : [])));
    const isCertain = (name: string): boolean => !proof.complete || proof.diagnostics.some((found) => found.name === name);
    const outOfReach = diagnostics.flatMap(({ name, span }) => (name === "role-out-of-rounds" ? [text.slice(span.start, span.end)] : []));
    for (const role of outOfReach) unplayed.add(role);
    const cannotAnswer = diagnostics.some(({ name }) => name === "rounds-too-few");
    const cannotEnd = proof.diagnostics.some(({ name, node }) => name === "proof-no-exit" && node === "$START");
    seen.proved += proof.complete ? 1 : 0;
    seen.claims += never.length + unplayed.size + (cannotEnd || cannotAnswer ? 1 : 0);
    for (let walk = 0; walk < 3; walk++) {
      const simulation = createSimulation(compiled, makeEvent(compiled, undefined, walk + 1));
      let faulted = false;
      try {
        let result = await simulation.begin();
        for (let move = 0; move < 10; move++) {
          const { view, decisions, refused } = result;
          const where = `${text}\nwalk ${walk}, move ${move}: ${JSON.stringify({ refused, status: view.status, reason: view.reason })}`;
          expect(refused ?? "", where).not.toContain("dead letter");
          expect(unplayed.has(view.turn?.role ?? null), where).toBe(false);
          for (const { node, label } of decisions) {
            const edge = compiled.ir.nodes.find(({ name }) => name === node)?.edges.filter((each) => each.label === label) ?? [];
            if (edge.length === 1)
              expect(
                never.map((dead) => `${dead.node} ${dead.edge}`),
                where,
              ).not.toContain(`${node} ${edge[0]?.id}`);
          }
          faulted ||= decisions.some(({ label }) => ["$TIMEOUT", "$FAILED"].includes(label));
          if (cannotEnd || (cannotAnswer && !faulted)) expect(view.status, where).not.toBe("completed");
          if (view.reason === "no_edge") expect(isCertain("proof-no-edge"), where).toBe(true);
          if (isOver(view.status)) {
            seen.ended += 1;
            break;
          }
          const next = await simulation.apply(chooseMove(result, random));
          seen.moves += 1;
          // A thread that goes on takes what its view offers.
          if (next.refused?.includes("not_taken")) expect(isCertain("proof-deadlock"), where).toBe(true);
          result = next;
        }
      } finally {
        simulation.close();
      }
    }
  }
  expect(seen.proved).toBeGreaterThan(8);
  expect(seen.claims).toBeGreaterThan(8);
  expect(seen.ended).toBeGreaterThan(20);
});
