/**
 * What is added to a closed set and handled nowhere must not pass `npm run check`. A copy of the source gets one new value in each
 * set, all at once, for each has a word of its own by which the complaints about it are told apart.
 */
import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

interface Insertion {
  file: string;
  /** The text after which the value is planted; it stands in the file once. */
  after: string;
  /** The value as it is written there. */
  value: string;
}

interface Plant extends Insertion {
  what: string;
  /** What every complaint about it says. */
  word: string;
  /** What else makes it whole. */
  also?: Insertion;
  /** Files that must complain, or folders in which one must: all that act on the set. */
  handledIn: string[];
}

const language = "src/contract/language.ts";
const statuses = "src/contract/statuses.ts";

/** A word of the language. */
function plantWord(set: string, what: string, handledIn: string[]): Plant {
  const word = `planted_${set}`;
  return {
    ...{ what, file: language, after: `export const ${set} = {`, word, handledIn },
    value: `\n  ${word}: "Planted.",`,
  };
}

/** A state that something may be in. */
function plantStatus(set: string, what: string, handledIn: string[]): Plant {
  const word = `planted_${set}`;
  return {
    ...{ what, file: statuses, after: `export const ${set} = [`, word, handledIn },
    value: `"${word}", `,
  };
}

/** A state that is listed with what it means. */
function plantMeaning(set: string, what: string, handledIn: string[]): Plant {
  return { ...plantWord(set, what, handledIn), file: statuses };
}

/** A message, in the table of its receiver. */
function plantMessage(what: string, file: string, after: string, handledIn: string[]): Plant {
  const word = `planted.${/const (\w+)/.exec(after)?.[1]}`;
  return { what, file, after, word, value: `\n  "${word}": {},`, handledIn };
}

const words: Plant[] = [
  plantWord("turnPolicies", "a turn policy", [
    "src/compile/lower/policies.ts",
    "src/compile/lower/edges.ts",
    "src/compile/draw/engine-paths.ts",
    "src/durable/thread/waits",
    "src/durable/thread/turn",
  ]),
  plantWord("lossPolicies", "a policy for lost holders", [
    "src/compile/lower/policies.ts",
    "src/compile/lower/named-region.ts",
    "src/compile/lower/open-region.ts",
    "src/compile/draw/engine-paths.ts",
    "src/durable/thread/waits",
  ]),
  plantWord("unfilledPolicies", "a policy for roles that nobody takes", [
    "src/compile/lower/policies.ts",
    "src/compile/lower/open-region.ts",
    "src/compile/draw/engine-paths.ts",
    "src/durable/thread/waits",
  ]),
  plantWord("pickModes", "a pick mode", [
    "src/compile/lower/party.ts",
    "src/compile/lower/open-region.ts",
    "src/durable/thread/eligibility",
  ]),
  plantWord("bindModes", "a bind mode", ["src/compile/lower/party.ts"]),
  plantWord("ackNeeds", "a need of acknowledgements", ["machines/task"]),
  plantWord("roleTypes", "a role's type", [
    "src/compile/lower/recruitment.ts",
    "src/compile/lower/task.ts",
    "src/compile/draw/author-picture.ts",
    "src/compile/draw/engine-paths.ts",
    "src/compile/draw/theme.ts",
    "src/compile/draw/legend.ts",
  ]),
  plantWord("reflexKinds", "a kind of reflex", [
    "src/compile/schema/workflow-shape.ts",
    "src/compile/raise/raise-reflex.ts",
    "src/compile/draw/author-picture.ts",
    "src/contract/name-outcome.ts",
    "src/durable/routing",
  ]),
  plantWord("signals", "a signal", [
    "src/worker/routes/threads.ts",
    "src/durable/workflow",
    "src/simulate/make-move.ts",
    "src/simulate/script.ts",
  ]),
  plantWord("overflowPolicies", "an overflow policy", ["src/durable/workflow"]),
  plantWord("bindings", "a binding", ["src/compile/check/check-cloud.ts"]),
  plantWord("targets", "a target that is no role", ["src/compile/lower/edges.ts", "src/compile/draw/author-picture.ts"]),
  {
    ...plantWord("engineStatuses", "a status of the engine", ["src/durable/thread/turn"]),
    value: '\n  planted_engineStatuses: { to: "any", agents: false, meaning: "Planted." },',
  },
];

const states: Plant[] = [
  plantStatus("threadStatuses", "a thread status", [
    "src/durable/thread/lifecycle",
    "src/durable/thread/explain",
    "src/durable/thread/waits",
  ]),
  plantStatus("outcomeStatuses", "a way to end", [
    "src/compile/lower/task.ts",
    "src/compile/lower/recruitment.ts",
    "machines/recruitment",
    "src/durable/thread/children",
    "src/durable/trace",
  ]),
  plantStatus("turnOutcomes", "a turn's outcome", ["src/durable/thread/eligibility"]),
  plantStatus("presenceStates", "a presence state", ["src/worker/routes/status.ts", "src/durable/thread/explain"]),
  plantMeaning("openRoleStates", "a state of an open role", [
    "src/compile/lower/open-region.ts",
    "src/durable/thread/waits/recruitment-waits.ts",
    "src/explore/happenings.ts",
  ]),
  plantMeaning("holderStates", "a state of a role's holder", [
    "src/compile/lower/open-region.ts",
    "src/compile/lower/named-region.ts",
    "src/durable/thread/waits/recruitment-waits.ts",
    "src/explore/happenings.ts",
  ]),
  plantMeaning("nodeStates", "a state of a task", [
    "src/compile/lower/role-states.ts",
    "src/compile/lower/broadcast-states.ts",
    "src/durable/thread/waits/task-wait.ts",
    "src/explore/happenings.ts",
  ]),
  {
    ...{ what: "what a thread waits for", file: "src/contract/waits.ts", after: "export const waitMeanings = {" },
    ...{ value: '\n  planted_wait: "Planted.",', word: "planted_wait" },
    handledIn: ["src/contract/waits.ts", "src/durable/thread/explain", "src/worker/thread-index.ts"],
  },
  {
    ...{ what: "a problem's code", file: "src/contract/problem.ts", after: "export const problemCodes = {" },
    ...{ value: "\n  planted_problem: { status: 400, nrv: 8999, retryable: false },", word: "planted_problem" },
    handledIn: ["src/contract/problem-meanings.ts"],
  },
  {
    ...{ what: "what becomes of a reflex", file: "src/contract/routing.ts", word: "planted_outcome" },
    ...{ after: `.enum(["started", `, value: '"planted_outcome", ' },
    handledIn: ["src/cli/lib/events/render-routing.ts"],
  },
];

const messages: Plant[] = [
  {
    ...{ what: "a kind that a task takes", file: "src/contract/kinds/agent-kinds.ts", after: "export const agentKinds = {" },
    word: "nerve.planted.turn",
    value:
      '\n  "nerve.planted.turn": { summary: "Planted.", data: open({ turn: id, lease }), takes: "task", subject: "turn", accepted: "Planted." },',
    handledIn: ["src/durable/agent", "src/durable/thread/task", "src/durable/thread/broadcast"],
  },
  {
    ...{ what: "a kind that a recruitment takes", file: "src/contract/kinds/agent-kinds.ts", word: "nerve.planted.role" },
    after: 'accepted: "The role is free.",\n  },',
    value:
      '\n  "nerve.planted.role": { summary: "Planted.", data: open({ thread: id }), takes: "recruitment", subject: "thread", accepted: "Planted." },',
    handledIn: ["src/durable/agent/read-thread-address.ts", "src/durable/agent/forward-to-thread.ts", "src/durable/thread/recruitment"],
  },
  {
    ...{ what: "a kind that the sender's own object takes", file: "src/contract/kinds/agent-kinds.ts", word: "nerve.planted.own" },
    after: `accepted: "The agent's card is this from now on.",\n  },`,
    value: '\n  "nerve.planted.own": { summary: "Planted.", data: open({}), takes: "agent", subject: null, accepted: "Planted." },',
    handledIn: ["src/durable/agent/keep-posted.ts"],
  },
  {
    ...{ what: "a kind that agents are given", file: "src/contract/kinds/engine-kind-names.ts", after: "export const engineKindNames = [" },
    ...{ word: "nerve.planted.given", value: '"nerve.planted.given", ' },
    also: {
      file: "src/contract/kinds/engine-kinds.ts",
      after: "export const engineKinds = {",
      value: '\n  "nerve.planted.given": { summary: "Planted.", data: z.unknown(), from: "task", channel: "my", audience: "nobody" },',
    },
    handledIn: ["src/client"],
  },
  {
    ...{ what: "a frame that an agent sends", file: "src/contract/frames/agent-frames.ts", after: "export const agentFrames = {" },
    word: "planted_sent",
    value: '\n  planted_sent: z.object({ type: z.literal("planted_sent") }),',
    handledIn: ["src/durable/agent/connection"],
  },
  {
    ...{ what: "a frame that the server sends", file: "src/contract/frames/server-frames.ts", after: "export const serverFrames = {" },
    word: "planted_frame",
    value: '\n  planted_frame: open({ type: z.literal("planted_frame") }),',
    handledIn: ["src/client"],
  },
  {
    ...{ what: "a message of the stream", file: "src/contract/frames/server-frames.ts", after: "export const streamMessages = {" },
    word: "planted_message",
    value: "\n  planted_message: open({}),",
    handledIn: ["src/client"],
  },
  plantMessage("what recruitment emits", "machines/messages.ts", "export const recruitmentEmitted = declareMessages({", [
    "src/durable/thread/recruitment",
  ]),
  plantMessage("what recruitment tells agents", "machines/messages.ts", "export const recruitmentToAgent = declareMessages({", [
    "src/durable/thread/recruitment",
  ]),
  plantMessage("what a task tells agents", "machines/messages.ts", "export const taskToAgent = declareMessages({", [
    "src/durable/thread/task",
  ]),
  plantMessage("what a task tells a broadcast's agents", "machines/messages.ts", "export const toAudience = declareMessages({", [
    "src/durable/thread/task",
  ]),
  plantMessage("what a workflow tells a thread", "src/durable/protocol/recruitment.ts", "export const queueMessages = declareMessages({", [
    "src/durable/thread/recruitment",
  ]),
  plantMessage("what a workflow's object takes", "src/durable/protocol/workflow.ts", "export const workflowMessages = declareMessages({", [
    "src/durable/workflow",
  ]),
  plantMessage("what a task's object takes", "src/durable/protocol/task.ts", "export const taskMessages = declareMessages({", [
    "src/durable/thread/task",
  ]),
  plantMessage("what a thread says to its offers", "machines/messages.ts", "export const toOffers = declareMessages({", [
    "src/durable/thread/thread-root.ts",
  ]),
  plantMessage("what a thread says to itself", "src/durable/protocol/own-places.ts", "const rootEvents = declareMessages({", [
    "src/durable/thread/thread-root.ts",
  ]),
  plantMessage("what a task says to its object", "src/durable/protocol/own-places.ts", "const taskEvents = declareMessages({", [
    "src/durable/thread/task/tasks.ts",
  ]),
  plantMessage(
    "a row of the log or an index",
    "src/durable/protocol/projector.ts",
    'export const projectedRows = declareUnion("table", {',
    ["src/durable/projector"],
  ),
  {
    ...{ what: "an answer to a message", file: "src/durable/protocol/envelope.ts", word: "planted_delivery" },
    ...{ after: "export type Delivery =", value: '\n  | { status: "planted_delivery" }' },
    handledIn: ["src/durable/host"],
  },
];

/** One that no page shows. */
const diagnostic = {
  file: "src/compile/diagnostics/families/bugs.ts",
  after: "export const bugsCatalogue = {",
  value: '\n  planted: { code: "NRV9998", severity: "error", title: "Planted", explanation: "Planted." },',
};

interface Complaint {
  file: string;
  text: string;
}

const folders: string[] = [];
let sound: Complaint[];
let planted: Complaint[];
let stale: string;

/** A copy of all that is compiled into the product. */
function copySource(): string {
  const folder = mkdtempSync(join(tmpdir(), "nerveflare-planted-"));
  folders.push(folder);
  for (const path of ["machines", "src", "schemas", "scripts", "docs", "package.json", "tsconfig.json", "test/workerd/env.d.ts"])
    cpSync(path, join(folder, path), { recursive: true });
  symlinkSync(resolve("node_modules"), join(folder, "node_modules"));
  const config = { extends: "./tsconfig.json", compilerOptions: { noErrorTruncation: true }, include: ["machines", "src", "test"] };
  writeFileSync(join(folder, "tsconfig.planted.json"), JSON.stringify(config));
  return folder;
}

function run(folder: string, program: string, args: string[]): Promise<string> {
  const child = spawn(resolve("node_modules/.bin", program), args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text: string) => (said += text));
  return new Promise((done, fail) => {
    child.once("error", fail);
    child.once("close", () => done(said));
  });
}

/** Where `npm run types` keeps what the compiler knows of files that have not changed since. */
const known = ".types";

/** What the compiler complains about, each with all of its lines. @param copy which one of them it is */
async function compile(folder: string, copy: "clean" | "changed"): Promise<Complaint[]> {
  const [kept, used] = [join(known, `planted-${copy}.tsbuildinfo`), join(folder, "tsconfig.planted.tsbuildinfo")];
  // What is known names files by the way to them from where it lies: it is used in the copy, and kept here.
  if (existsSync(kept)) cpSync(kept, used);
  const said = await run(folder, "tsc", ["-p", "tsconfig.planted.json", "--pretty", "false", "--incremental", "--tsBuildInfoFile", used]);
  mkdirSync(known, { recursive: true });
  if (existsSync(used)) cpSync(used, kept);
  return said.split(/\n(?=\S)/).flatMap((text): Complaint[] => {
    const file = /^(\S+?)\(\d+,\d+\): error/.exec(text)?.[1];
    return file === undefined ? [] : [{ file, text }];
  });
}

function plantInto(folder: string, { file, after, value }: Insertion): void {
  const path = join(folder, file);
  const parts = readFileSync(path, "utf8").split(after);
  if (parts.length !== 2) throw new Error(`${file} has ${parts.length - 1} times: ${after}. Say where the value is to be planted.`);
  writeFileSync(path, parts.join(`${after}${value}`));
}

beforeAll(async () => {
  const [clean, changed, documented] = [copySource(), copySource(), copySource()];
  for (const plant of [...words, ...states, ...messages]) for (const part of [plant, plant.also ?? []].flat()) plantInto(changed, part);
  for (const plant of [...words, diagnostic]) plantInto(documented, plant);
  const describe = run(documented, "node", ["scripts/describe.ts", "--check"]);
  [sound, planted, stale] = await Promise.all([compile(clean, "clean"), compile(changed, "changed"), describe]);
}, 120_000);

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

test("[PLANT3] the source without a plant passes", () => {
  expect(sound).toEqual([]);
});

function expectComplaints({ word, handledIn }: Plant): void {
  const complaining = [...new Set(planted.filter(({ text }) => text.includes(word)).map(({ file }) => file))];
  const silent = handledIn.filter((place) => !complaining.some((file) => file === place || file.startsWith(`${place}/`)));
  expect(silent, `complaints came from ${complaining.join(", ") || "nowhere"}`).toEqual([]);
}

test.for(words)("[PLANT1] $what that is not handled does not compile", expectComplaints);

test.for(states)("[PLANT2] $what that is not handled does not compile", expectComplaints);

test.for(messages)("[PLANT4] $what that is not handled does not compile", expectComplaints);

test("[PLANT1] a word that the docs and the editors' schema do not have is reported", () => {
  expect(stale).toContain("docs/language.md is not what the code says");
  expect(stale).toContain("schemas/nerve-workflow.schema.json is not what the code says");
});

test("[PLANT2] a diagnostic that the docs do not have is reported", () => {
  expect(stale).toContain("docs/diagnostics.md is not what the code says");
});
