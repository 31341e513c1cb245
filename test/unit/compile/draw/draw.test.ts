import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, test } from "vitest";
import type { MachineConfigJson } from "../../../../machines/config.ts";
import { type CompiledWorkflow, compileWorkflow } from "../../../../src/compile/compile-workflow.ts";
import { createAuthorPicture } from "../../../../src/compile/draw/author-picture.ts";
import { drawWorkflowMermaid, drawWorkflowSvg, PictureTooDenseError } from "../../../../src/compile/draw/index.ts";
import { type Box, layoutPicture } from "../../../../src/compile/draw/layout.ts";
import { createMachinePicture } from "../../../../src/compile/draw/machine-picture.ts";
import type { PictureNode } from "../../../../src/compile/draw/picture.ts";
import { readTransitions, resolveTarget } from "../../../../src/compile/draw/read-transitions.ts";
import { writeDuration } from "../../../../src/compile/draw/write-duration.ts";
import { createFolder, fine, run } from "../../cli/run.ts";
import { listWorkflows } from "../list-workflows.ts";

function compile(text: string): CompiledWorkflow {
  const { compiled, diagnostics } = compileWorkflow(text);
  if (!compiled) throw new Error(diagnostics.map(({ message }) => message).join(" "));
  return compiled;
}

const workflows = listWorkflows().map((file) => ({ name: basename(file), compiled: compile(readFileSync(file, "utf8")) }));

/** What every role can do at any turn, without the author having said so: suspend the thread, run out of turns, pause as asked. */
const anytime = new Set(["suspendAsked", "outOfRounds"]);

/** The task's transitions from role to role: `reviewer > author`. With `every`, also what every role can do at any turn. */
function liftTransitions(task: MachineConfigJson, every: boolean): Set<string> {
  const found = new Set<string>();
  const name = (path: string[]): string => (path[0] === "active" ? (path[1] ?? "") : (path[0] ?? ""));
  const visit = (path: string[], state: MachineConfigJson["states"][string]): void => {
    for (const { transition } of readTransitions(state)) {
      // Orders from outside, and faults of the workflow itself, are no ways that a picture of it shows.
      const isFault = transition.description === "no edge" || transition.description === "the decision failed";
      const { type = "", params } = transition.guard ?? {};
      const isAnytime = anytime.has(type) || (type === "chose" && params?.["edge"] === "$SUSPEND");
      if (transition.target === undefined || isFault || (isAnytime && !every)) continue;
      const target = resolveTarget(path, transition.target, task.id);
      const [from, to] = [name(path), name(target)];
      if (from !== to || target.length === 2) found.add(`${from} > ${to}`);
    }
    for (const [child, inner] of Object.entries(state.states ?? {})) visit([...path, child], inner);
  };
  for (const [role, state] of Object.entries(task.states["active"]?.states ?? {})) visit(["active", role], state);
  return found;
}

describe("the author's view", () => {
  test("[DRAW1] there are workflows to try", () => expect(workflows.length).toBeGreaterThanOrEqual(2));

  test.each(workflows)("[DRAW1] $name: every role is a box, every edge an arrow with its label", ({ compiled: { ir } }) => {
    const { nodes, edges } = createAuthorPicture(ir);
    const ids = nodes.map(({ id }) => id);
    expect(ids).toEqual(expect.arrayContaining(ir.roles.map(({ name }) => name)));
    for (const { from, to } of edges) expect(ids).toEqual(expect.arrayContaining([from, to]));
    const written = edges.filter(({ kind }) => kind !== "engine");
    expect(written).toHaveLength(ir.nodes.flatMap((node) => node.edges).length);
    for (const node of ir.nodes)
      for (const { label, guard } of node.edges)
        if (guard.type !== "always") expect(written.some(({ from, title }) => from === node.name && title.endsWith(label))).toBe(true);
  });

  test.each(workflows)(
    "[DRAW1] $name: every arrow to a role or an end is a way of the machine, and every such way is an arrow",
    ({ compiled }) => {
      const names: Record<string, string> = { $END: "completed", $suspended: "suspended", $failed: "failed" };
      const { edges, notes } = createAuthorPicture(compiled.ir);
      const drawn = new Set(edges.filter(({ from, to }) => from !== to).map(({ from, to }) => `${from} > ${names[to] ?? to}`));
      const all = liftTransitions(compiled.task, true);
      expect([...drawn].filter((way) => !all.has(way))).toEqual([]);
      // What all roles do alike is said in the notes.
      const said = (way: string): boolean =>
        notes.some((note) => note.startsWith("Every") && note.endsWith(`\u2192 ${way.split(" > ")[1]}.`));
      const own = [...liftTransitions(compiled.task, false)].filter((way) => !/^(\S+) > \1$/.test(way));
      expect(own.filter((way) => !drawn.has(way) && !said(way))).toEqual([]);
    },
  );

  test("[DRAW2] the engine's own ways are drawn: time is up, failure, nobody there", () => {
    const { ir } = compile(readFileSync(join(import.meta.dirname, "../../../../workflows/code-review.yaml"), "utf8"));
    const { edges, notes } = createAuthorPicture(ir);
    expect(edges.filter(({ kind }) => kind === "engine").map(({ from, to, lines }) => [from, to, ...lines])).toEqual([
      ["reviewer", "reviewer", "no answer in 45m, another is recruited", "away for 12m, another is recruited"],
      ["reviewer", "$suspended", "nobody takes it in 10m, 3 times"],
      ["author", "$suspended", "no answer in 24h"],
    ]);
    expect(notes[0]).toBe("Every role: the turn failed \u2192 suspended.");
  });

  test("[DRAW2] a status of the engine that the author gave an edge is drawn as such, and not twice", () => {
    const text = fine.replace('prompt: "It is done." }', 'prompt: "It is done." }, $TIMEOUT: { role: $END, prompt: "Too late." }');
    const { edges } = createAuthorPicture(compile(text).ir);
    expect(edges.filter(({ kind }) => kind === "status").map(({ title }) => title)).toEqual(["$TIMEOUT"]);
    expect(edges.flatMap(({ lines }) => lines).join()).not.toContain("no answer");
  });

  test("[REACH7] an edge that can never be taken is marked, with the reason, in both formats", async () => {
    const text =
      "name: a\ndescription: b\nroles: { w: { goal: x } }\nconditions: { c: { expression: 'true' } }\ngraph:\n  $START: [{ role: w }]\n  w: [{ role: $END, condition: c }, { role: $END }]\n";
    const { compiled, never } = compileWorkflow(text);
    if (!compiled || !never) throw new Error("the text is broken");
    const why = "never taken: the condition of an earlier one always holds";
    const { edges } = createAuthorPicture(compiled.ir, never);
    expect(edges.filter(({ kind }) => kind === "never")).toMatchObject([{ from: "w", to: "$END", lines: [why] }]);
    expect(await drawWorkflowSvg(compiled, { never })).toContain('class="edge never-edge"');
    expect(drawWorkflowMermaid(compiled, { never })).toContain("never taken#58; the condition");
    expect(drawWorkflowMermaid(compiled)).not.toContain("never taken");
  });

  test("[DRAW2] what holds turns back once it is spent is drawn: a role's budget, and that of all turns", () => {
    const text = fine
      .replace("description:", "budget: { tokens: 5000 }\ndescription:")
      .replace("    goal:", "    budget: { cost: 2.5 }\n    goal:");
    const { edges, notes } = createAuthorPicture(compile(text).ir);
    const drawn = [...edges.flatMap(({ lines }) => lines), ...notes].join("; ");
    expect(drawn).toContain("a cost of 2.5 of its turns are spent");
    expect(drawn).toContain("5,000 tokens of all turns are spent");
  });

  test("[DRAW2] a moderator stands in the middle", () => {
    const text = fine.replace(/graph:[\s\S]*/, "moderator: \"steps ? {'role': '__end__'} : {'role': 'worker', 'prompt': 'Do it.'}\"\n");
    const { edges } = createAuthorPicture(compile(text).ir);
    expect(edges.filter(({ kind }) => kind === "author").map(({ from, to }) => `${from} > ${to}`)).toEqual([
      "$START > $moderator",
      "$moderator > worker",
      "worker > $moderator",
      "$moderator > $END",
    ]);
  });
});

function overlap(a: Box, b: Box): boolean {
  return a.x + 1 < b.x + b.width && b.x + 1 < a.x + a.width && a.y + 1 < b.y + b.height && b.y + 1 < a.y + a.height;
}

describe("the layout", () => {
  const pictures = workflows.flatMap(({ name, compiled }) => [
    { name, picture: createAuthorPicture(compiled.ir) },
    // Large ones of the examples only: the corpus would take minutes.
    ...(/^(code-review|debate)\.yaml$/.test(name)
      ? [compiled.task, compiled.recruitment].map((config) => ({
          name: `${name}, ${config.id}`,
          picture: createMachinePicture(config, { title: name, lines: [], detail: true }),
        }))
      : []),
  ]);

  test.each(pictures)("[DRAW3] $name: nothing covers anything, and every arrow ends at its boxes", async ({ picture }) => {
    const { nodes, edges, width, height } = await layoutPicture(picture);
    const leaves = nodes.filter(({ node }) => node.children === undefined);
    const labels = edges.flatMap(({ label }) => (label ? [label] : []));
    for (const { text, width: room } of labels) expect(text.width).toBeLessThanOrEqual(room);
    const solid: Box[] = [...leaves, ...labels];
    for (const [index, a] of solid.entries()) {
      for (const b of solid.slice(index + 1)) expect(overlap(a, b), `${JSON.stringify(a)} covers ${JSON.stringify(b)}`).toBe(false);
      expect(a.x >= 0 && a.y >= 0 && a.x + a.width <= width && a.y + a.height <= height).toBe(true);
    }
    const places = new Map(nodes.map((placed) => [placed.node.id, placed]));
    for (const { edge, points } of edges) {
      const touches = (id: string, point = { x: -99, y: -99 }): boolean => {
        const box = places.get(id);
        return box !== undefined && overlap({ ...point, x: point.x - 2, y: point.y - 2, width: 4, height: 4 }, box);
      };
      expect(touches(edge.from, points[0]) && touches(edge.to, points.at(-1)), `${edge.from} > ${edge.to}`).toBe(true);
    }
  });

  test("[DRAW4] more arrows than anybody could follow are refused at once", async () => {
    const roles = Array.from({ length: 40 }, (_, index) => `r${index}`);
    const edges = (role: number): string =>
      ["done", "a", "b", "c", "d", "e", "f"]
        .map((status, step) => `${status}: { role: ${roles[(role + step * 3 + 1) % 40]}, prompt: x }`)
        .join(", ");
    const text = [
      fine.slice(0, fine.indexOf("roles:")),
      "x-role: &role { type: open, description: d, goal: g, capabilities: [], procedure: p, output: o, frontmatter: { properties: { $status: { enum: [done, a, b, c, d, e, f, z] } } } }\n",
      `roles: { ${roles.map((role) => `${role}: *role`).join(", ")} }\n`,
      `graph:\n  $START: { new: { role: r0, prompt: x } }\n${roles.map((role, index) => `  ${role}: { ${edges(index)}, z: { role: $END, prompt: x } }\n`).join("")}`,
    ].join("");
    const compiled = compile(text);
    await expect(drawWorkflowSvg(compiled)).rejects.toThrow(PictureTooDenseError);
    expect(drawWorkflowMermaid(compiled)).toContain("r39");
  });

  test("[DRAW3] text fits its box", async () => {
    const long = "A description that goes on for quite a while, with Averylongwordthatdoesnotfitintoanyboxatallbecauseitislong in it.";
    const { nodes } = await layoutPicture(createAuthorPicture(compile(fine.replace("Does it.", long)).ir));
    for (const { text, width, height } of nodes) {
      expect(text.height).toBeLessThanOrEqual(height);
      for (const line of text.lines) expect(line.x + line.width).toBeLessThanOrEqual(width);
    }
  });
});

/** Fails where a tag is not closed, or an attribute or text holds what XML forbids. */
function checkXml(text: string): void {
  const open: string[] = [];
  const rest = text.replaceAll(/<(\/?)([a-z]+)((?: [a-zA-Z-]+="[^"<]*")*)(\/?)>/g, (_, closing: string, tag: string, __, empty: string) => {
    if (closing) expect(open.pop()).toBe(tag);
    else if (!empty) open.push(tag);
    return "";
  });
  expect(open).toEqual([]);
  expect(rest).not.toMatch(/[<>]|&(?!amp;|lt;|gt;|quot;)/);
}

const hostile = fine
  .replace("description: One role does one thing.", `description: ${JSON.stringify("<script>&\"'</script> ]]> --> %%{init} ; : #\u0007")}`)
  .replace("Does it.", '"</text><script>alert(1)</script> {x} [*] --> end ; a: b"')
  .replaceAll("worker", "end");

describe("SVG", () => {
  test.each(workflows.filter(({ name }) => /^(code-review|debate)/.test(name)))(
    "[DRAW5] $name: is well-formed, and the same each time",
    async ({ compiled }) => {
      const svg = await drawWorkflowSvg(compiled);
      checkXml(svg);
      expect(await drawWorkflowSvg(compiled)).toBe(svg);
      for (const { name } of compiled.ir.roles) expect(svg).toContain(`>${name}</text>`);
      expect(svg).toMatch(/role="img" aria-labelledby="title about"/);
    },
  );

  test("[DRAW6] hostile text stays text", async () => {
    const svg = await drawWorkflowSvg(compile(hostile));
    checkXml(svg);
    expect(svg).not.toMatch(/<script|on\w+=/);
  });

  test("[DRAW5] follows the reader's system, or the theme that was asked for", async () => {
    const compiled = compile(fine);
    expect(await drawWorkflowSvg(compiled)).toContain("prefers-color-scheme:dark");
    const [light, dark] = [await drawWorkflowSvg(compiled, { theme: "light" }), await drawWorkflowSvg(compiled, { theme: "dark" })];
    for (const svg of [light, dark]) expect(svg).not.toContain("prefers-color-scheme");
    expect(light).toContain(".canvas{fill:#ffffff}");
    expect(dark).toContain(".canvas{fill:#0d1117}");
  });

  test("[DRAW2] what the engine does by itself is dashed", async () => {
    expect(await drawWorkflowSvg(compile(fine))).toMatch(/engine-edge\{stroke-dasharray[\s\S]*<path class="edge engine-edge"/);
  });
});

describe("Mermaid", () => {
  /** Every id with the composite that it stands in, and every link with the composite that it is written in. */
  function readMermaid(text: string): { parents: Map<string, string>; links: { from: string; to: string; within: string }[] } {
    const parents = new Map<string, string>();
    const links: { from: string; to: string; within: string }[] = [];
    const stack: string[] = [];
    for (const line of text.split("\n").slice(4)) {
      const [, id, opens] = /^\s*state ".*" as (\w+)( \{)?$/.exec(line) ?? [];
      const [, from, to] = /^\s*(\[\*\]|\w+) --> (\[\*\]|\w+)(?: : .*)?$/.exec(line) ?? [];
      if (id !== undefined) parents.set(id, stack.at(-1) ?? "");
      else if (from !== undefined && to !== undefined) links.push({ from, to, within: stack.at(-1) ?? "" });
      else if (line.trim() === "}") stack.pop();
      else expect(line).toMatch(/^\s*(?:%% .*|direction TB|--|\w+ : [^:;]*(?:#\d+;[^:;]*)*)?$/);
      if (opens) stack.push(id ?? "");
    }
    expect(stack).toEqual([]);
    return { parents, links };
  }

  test.each(workflows)("[DRAW7] $name: links only what stands side by side, in every view", ({ compiled }) => {
    for (const machine of ["task", "recruitment"] as const)
      for (const detail of [false, true]) {
        const text = drawWorkflowMermaid(compiled, { machine, detail });
        expect(text).toMatch(/^---\ntitle: ".*"\n---\nstateDiagram-v2\n/);
        const { parents, links } = readMermaid(text);
        expect(links.length).toBeGreaterThan(0);
        for (const { from, to, within } of links)
          for (const end of [from, to]) if (end !== "[*]") expect([end, parents.get(end)]).toEqual([end, within]);
      }
  });

  test("[DRAW6] hostile text and Mermaid's keywords stay text", () => {
    const text = drawWorkflowMermaid(compile(hostile));
    readMermaid(text);
    expect(text).toContain('state "end" as s_end');
    expect(text).not.toMatch(/<script|<\/text/);
  });
});

describe("the machine's view", () => {
  test("[DRAW8] shows every state, and time dashed", () => {
    const { task } = compile(fine);
    const list = (nodes: PictureNode[]): string[] => nodes.flatMap(({ id, children = [] }) => [id, ...list(children)]);
    const picture = createMachinePicture(task, { title: "x", lines: [], detail: true });
    expect(list(picture.nodes)).toEqual(
      expect.arrayContaining([
        "created",
        "active",
        "active.worker",
        "active.worker.waiting",
        "active.worker.deciding",
        "suspended",
        "completed",
      ]),
    );
    expect(picture.edges).toContainEqual(
      expect.objectContaining({ from: "active.worker.waiting", to: "suspended", kind: "timer", title: "after 30m" }),
    );
    expect(picture.edges).toContainEqual(
      expect.objectContaining({ from: "active.worker.deciding", to: "completed", kind: "author", title: "done" }),
    );
  });
});

test.each([
  [0, "0s"],
  [1500, "1s 500ms"],
  [45 * 60_000, "45m"],
  [150_000, "2m 30s"],
  [24 * 3_600_000, "24h"],
  [7 * 86_400_000, "7d"],
])("[DRAW8] %d ms is written %s", (milliseconds, text) => expect(writeDuration(milliseconds)).toBe(text));

describe("draw", () => {
  const { folder, write } = createFolder();

  test("[DRAW9] writes both formats into a folder, and one picture to stdout", async () => {
    const out = join(folder, "pictures");
    expect(await run("draw", write("fine.yaml", fine), "--out", out, "--machine", "both")).toMatchObject({ code: 0 });
    expect(readdirSync(out).sort()).toEqual(["fine.recruitment.mmd", "fine.recruitment.svg", "fine.task.mmd", "fine.task.svg"]);
    const { out: text } = await run("draw", join(folder, "fine.yaml"), "--format", "mermaid");
    expect(text).toBe(readFileSync(join(out, "fine.task.mmd"), "utf8"));
    expect((await run("draw", join(folder, "fine.yaml"), "--detail")).out).toContain(">waiting</text>");
  });

  test("[DRAW9] a file with errors is not drawn; it ends with 1 and says what is wrong", async () => {
    const out = join(folder, "none");
    expect(await run("draw", write("bad.yaml", "name: Bad Name\n"), "--out", out)).toMatchObject({
      code: 1,
      err: expect.stringContaining("NRV2005"),
    });
    expect(existsSync(out)).toBe(false);
  });

  test.each([
    ["--format", "png"],
    ["--machine", "all"],
    ["--theme", "pink"],
    ["--format", "svg,mermaid"],
  ])("[DRAW9] %s %s is a usage error", async (...args) => {
    expect(await run("draw", write("fine.yaml", fine), ...args)).toMatchObject({ code: 2 });
  });
});
