/** What is said of several files together: a fixture of each finding, and where it is not said. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { checkTogether } from "../../../src/compile/together/check-together.ts";
import { createKnown, type Known } from "../../../src/compile/together/known.ts";
import { readMember } from "../../../src/compile/together/member.ts";
import { readFixture } from "./read-fixture.ts";
import { check, list, nobody, workflow } from "./several-files.ts";

const folder = join(import.meta.dirname, "../../fixtures/together");

function listYaml(name: string): string[] {
  return readdirSync(join(folder, name)).filter((file) => file.endsWith(".yaml"));
}

/** The server of a fixture, where it needs one. */
function readKnown(name: string): Known | undefined {
  const file = join(folder, name, "server.json");
  if (!existsSync(file)) return undefined;
  const { agents, accepted } = JSON.parse(readFileSync(file, "utf8"));
  return createKnown(agents, accepted);
}

describe("fixtures of several files", () => {
  test.each(readdirSync(folder))("[MANY1] %s gives just this finding, at just these places", (name) => {
    const sources = Object.fromEntries(listYaml(name).map((file) => [file, readFixture(readFileSync(join(folder, name, file), "utf8"))]));
    for (const [file, { text }] of Object.entries(sources)) expect(readMember(file, text).result.diagnostics, file).toEqual([]);
    const found = check(Object.fromEntries(Object.entries(sources).map(([file, { text }]) => [file, text])), readKnown(name));
    const wanted = Object.entries(sources).flatMap(([file, { text, spans }]) =>
      spans.map(({ start, end }) => `${file} ${name} ${text.slice(start, end)}`),
    );
    expect(wanted.length).toBeGreaterThan(0);
    expect(Object.entries(found).flatMap(([file, each]) => each.map((one) => `${file} ${one.code}-${one.name} ${one.at}`))).toEqual(wanted);
  });

  test.each(readdirSync(folder))("[CHECK5] %s: a fix that it offers mends it", (name) => {
    const texts = Object.fromEntries(
      listYaml(name).map((file) => [file, readFixture(readFileSync(join(folder, name, file), "utf8")).text]),
    );
    for (const [file, each] of Object.entries(check(texts, readKnown(name))))
      for (const { fix } of each) {
        if (!fix) continue;
        const text = texts[file] ?? "";
        const mended = text.slice(0, fix.span.start) + fix.text + text.slice(fix.span.end);
        expect(list(check({ ...texts, [file]: mended }, readKnown(name)))).toEqual([]);
      }
  });
});

describe("children", () => {
  const spawning = (target: string) => workflow("paper", { edge: `, spawn: [{ workflow: ${target} }]` });

  test("[MANY2] of a workflow that no file is, the nearest name is offered", () => {
    const found = check({ "a.yaml": spawning("stroy"), "b.yaml": workflow("story") });
    expect(found["a.yaml"]).toMatchObject([
      { code: "NRV6001", severity: "warning", hint: "did you mean `story`?", fix: { text: "story" } },
    ]);
  });

  test("[MANY2] where a server was asked and has none either, it is an error; one that it has is none", () => {
    const known: Known = { ...nobody, hears: () => true, sends: () => true };
    const texts = { "a.yaml": spawning("story"), "server:story": workflow("story") };
    expect(list(check(texts, known, ["server:story"]))).toEqual([]);
    expect(check({ "a.yaml": spawning("story") }, known)["a.yaml"]).toMatchObject([{ code: "NRV6001", severity: "error" }]);
  });

  test("[MANY2] a broken file is still known by its name; one without a name may be anything", () => {
    expect(list(check({ "a.yaml": spawning("story"), "b.yaml": "name: story\nroles: {}\n" }))).toEqual([]);
    expect(list(check({ "a.yaml": spawning("story"), "b.yaml": "name: story\nroles: [\n" }))).toEqual([]);
    expect(list(check({ "a.yaml": spawning("story"), "b.yaml": "\t" }))).toEqual([]);
    expect(list(check({ "a.yaml": spawning("story"), "b.yaml": "name: [\nroles: {}\n" }))).toEqual([]);
  });

  test("[MANY2] what is no name, as a template, is left to the file itself to tell", () => {
    expect(list(check({ "a.yaml": spawning("'{{ data.workflow }}'"), "b.yaml": workflow("story") }))).toEqual([]);
  });
});

describe("kinds", () => {
  const teller = (kind: string, more = "") => workflow("teller", { edge: `, emit: [{ kind: ${kind}${more} }]` });
  const hearer = (kind: string, name = "hearer") => workflow(name, { top: `reflexes: [{ kind: workflow, on: [${kind}] }]` });

  test("[MANY4] what comes from outside and what leaves is no fault", () => {
    expect(list(check({ "a.yaml": teller("story.told"), "b.yaml": hearer("pr.opened") }))).toEqual([]);
  });

  test.each([
    ["story.told", "story.told"],
    ["story.told", '"story.*"'],
    ["pr.merged", "pr.reopened"],
    ["step.1", "step.2"],
    ["a.b.c", "a.b"],
    ["nerve.thread.failed", "nerve.thread.failde"],
  ])("[MANY4] %s sent and %s heard are let be", (sent, heard) => {
    expect(list(check({ "a.yaml": teller(sent), "b.yaml": hearer(heard) })).filter((line) => line.includes("NRV6"))).toEqual([]);
  });

  test("[MANY4] of two that are a letter apart the rarer one is told, once", () => {
    expect(list(check({ "a.yaml": teller("story.tolld"), "b.yaml": hearer("story.told") }))).toEqual(["b.yaml NRV6004 story.told"]);
    const two = { "b.yaml": hearer("story.told"), "c.yaml": hearer("story.told", "other") };
    expect(list(check({ "a.yaml": teller("story.tolld"), ...two }))).toEqual(["a.yaml NRV6003 story.tolld"]);
  });

  test("[MANY4] a kind that is there itself is no slip of another", () => {
    const texts = { "a.yaml": teller("story.told"), "b.yaml": hearer("story.told"), "c.yaml": hearer("story.toll", "other") };
    expect(list(check(texts))).toEqual([]);
  });

  test("[MANY5] where a server was asked, what nobody hears or may send is told; what is addressed has its receiver", () => {
    const known: Known = { ...nobody, hears: (kind) => kind === "heard.kind", sends: (kind) => kind === "sent.kind" };
    expect(list(check({ "a.yaml": teller("lost.kind") }, known))).toEqual(["a.yaml NRV6003 lost.kind"]);
    expect(list(check({ "a.yaml": teller("heard.kind") }, known))).toEqual([]);
    expect(list(check({ "a.yaml": teller("lost.kind", ', to: "*"') }, known))).toEqual([]);
    expect(list(check({ "b.yaml": hearer("lost.kind") }, known))).toEqual(["b.yaml NRV6004 lost.kind"]);
    expect(list(check({ "b.yaml": hearer("sent.kind") }, known))).toEqual([]);
    expect(list(check({ "b.yaml": hearer("nerve.thread.failed") }, known))).toEqual([]);
  });
});

describe("capabilities", () => {
  const asking = (name: string, capability: string) => workflow(name, { role: `capabilities: [${capability}],` });

  test.each([
    ["the same", "code-review", "code-review"],
    ["another word", "encode", "decode"],
    ["another number", "gpu-1", "gpu-2"],
    ["short words", "read", "lead"],
    ["a row by letters", "review-a", "review-b"],
  ])("[MANY6] %s is let be", (_, a, b) => expect(list(check({ "a.yaml": asking("a", a), "b.yaml": asking("b", b) }))).toEqual([]));

  test("[MANY6] the one that stands in fewer files is told, with the other and where that is", () => {
    const five = Object.fromEntries(["a", "b", "c", "d", "e"].map((name) => [`${name}.yaml`, asking(name, "code-review")]));
    const found = check({ ...five, "f.yaml": asking("f", "code_reviw") });
    expect(list(found)).toEqual(["f.yaml NRV6005 code_reviw"]);
    expect(found["f.yaml"]?.[0]).toMatchObject({
      hint: "did you mean `code-review`, as in a.yaml:6?",
      message: expect.stringContaining("5 files"),
    });
  });

  test("[MANY6] a recipient's capability counts as well", () => {
    const one = workflow("one", { edge: ', emit: [{ kind: x.y, to: "cap:operatons" }]' });
    expect(list(check({ "a.yaml": asking("a", "operations"), "b.yaml": asking("b", "operations"), "c.yaml": one }))).toEqual([
      "c.yaml NRV6005 operatons",
    ]);
  });
});

describe("what is sent to agents of a server", () => {
  const alice = { id: "alice", capabilities: ["ops"], roles: null, kinds: null, subscribed: ["x.y"] };
  const accepted = [
    { kind: "x.y", agent: "alice", schema: { properties: { n: { type: "integer" } }, required: ["n"], additionalProperties: false } },
  ];
  const told = (emit: string) =>
    list(check({ "a.yaml": workflow("a", { edge: `, emit: [{ ${emit} }]` }) }, createKnown([alice], accepted as never))).filter(
      (line) => !line.includes("NRV6003"),
    );

  test.each([
    ["a registered agent", 'kind: x.z, to: "agents/alice"', []],
    ["whom a template names", 'kind: x.z, to: "agents/{{ _event.id }}"', []],
    ["one that nobody is", 'kind: x.z, to: "agents/alcie"', ["a.yaml NRV6010 alcie"]],
    ["one of several", 'kind: x.z, to: "cap:ops, agents/alcie"', ["a.yaml NRV6010 alcie"]],
  ])("[MANY18] %s as a receiver", (_, emit, wanted) => expect(told(emit)).toEqual(wanted));

  test.each([
    ["what fits", "kind: x.y, data: { n: 1 }", []],
    ["what an expression gives", "kind: x.y, data: start.event.data", []],
    ["another kind", "kind: x.z, data: { n: many }", []],
    ["what goes to others", 'kind: x.y, to: "agents/bob", data: { n: many }', ["a.yaml NRV6010 bob"]],
    ["a value of another type", "kind: x.y, data: { n: many }", ["a.yaml NRV6013 n"]],
    ["a template, which gives text", 'kind: x.y, to: "*", data: { n: "{{ _event.id }}" }', ["a.yaml NRV6013 n"]],
    ["a field that is missing", "kind: x.y, data: {}", ["a.yaml NRV6013 {}"]],
    ["a field that is not taken", "kind: x.y, data: { n: 1, m: 2 }", ["a.yaml NRV6013 m"]],
  ])("[MANY18] %s is held against what the agent accepts", (_, emit, wanted) => expect(told(emit)).toEqual(wanted));
});

describe("circles through several files", () => {
  const spawning = (name: string, target: string, place: "edge" | "more" = "edge") =>
    workflow(name, { [place]: `, spawn: [{ workflow: ${target} }]` });

  test("[MANY7] three that always spawn one another are told at each spawn", () => {
    const texts = { "a.yaml": spawning("a", "b"), "b.yaml": spawning("b", "c"), "c.yaml": spawning("c", "a") };
    expect(list(check(texts))).toEqual(["a.yaml NRV6006 b", "b.yaml NRV6006 c", "c.yaml NRV6006 a"]);
  });

  test("[MANY7] not where one of them has a way to its end without, or that may spawn none", () => {
    expect(list(check({ "a.yaml": spawning("a", "b"), "b.yaml": spawning("b", "a", "more") }))).toEqual([]);
    const perhaps = workflow("b", { edge: ", spawn: [{ workflow: a, input: start.event.data.list }]" });
    expect(list(check({ "a.yaml": spawning("a", "b"), "b.yaml": perhaps }))).toEqual([]);
  });

  const answering = (name: string, on: string, kind: string, when = "") =>
    workflow(name, { top: `reflexes: [{ kind: workflow, on: [${on}]${when} }]`, edge: `, emit: [{ kind: ${kind} }]` });

  test("[MANY8] events that come back through another file are told where they leave", () => {
    expect(list(check({ "a.yaml": answering("a", "x.b", "x.a"), "b.yaml": answering("b", "x.a", "x.b") }))).toEqual([
      "a.yaml NRV6007 x.a",
      "b.yaml NRV6007 x.b",
    ]);
  });

  test("[MANY8] a `when` that may tell them apart is believed; a chain that ends is none", () => {
    const guarded = answering("b", "x.a", "x.b", ', when: "data.more"');
    expect(list(check({ "a.yaml": answering("a", "x.b", "x.a"), "b.yaml": guarded }))).toEqual([]);
    expect(list(check({ "a.yaml": answering("a", "x.z", "x.a"), "b.yaml": answering("b", "x.a", "x.b") }))).toEqual([]);
  });

  test("[MANY8] what leads back within one file is that file's to tell", () => {
    expect(list(check({ "a.yaml": answering("a", "x.a", "x.a"), "b.yaml": workflow("b") }))).toEqual([]);
  });
});

test("[MANY9] what several files say together grows in line with their number", () => {
  const make = (count: number) =>
    Array.from(
      { length: count },
      (_, index) =>
        readMember(
          `${index}.yaml`,
          workflow(`w-${index}`, {
            top: `reflexes: [{ kind: workflow, on: [kind.number-${index}] }]`,
            role: `capabilities: [ability-${index}],`,
            edge: `, emit: [{ kind: kind.number-${index + 1} }], spawn: [{ workflow: w-${(index + 1) % count} }]`,
          }),
        ).member,
    );
  const time = (members: ReturnType<typeof make>): number => {
    const times = [1, 2, 3].map(() => {
      const before = performance.now();
      checkTogether(members);
      return performance.now() - before;
    });
    return Math.min(...times);
  };
  const [few, many] = [make(40), make(320)];
  expect(
    checkTogether(many)
      .flat()
      .every(({ code }) => code === "NRV6006"),
  ).toBe(true);
  // Eight times as many: names are compared with names, which is a square, of a small part.
  expect(time(many) / Math.max(time(few), 1)).toBeLessThan(100);
});
