/** The test projects: `node`, `node-vite` and `node-beside` are everything that needs no Workers, `workerd`, `cell` and `host` run inside the real runtime, `e2e`, `pairs` and `alone` drive real processes. */
import { createRequire } from "node:module";
import { join } from "node:path";
import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import { writeAssets } from "./src/local-server/assets.ts";
import { makeAssets } from "./src/local-server/make-assets.ts";

const migrations = await readD1Migrations("migrations");
// As wrangler.toml says where they are. The inspector's pages beside them stay: servers that miss one bundle all anew, each by itself.
writeAssets(await makeAssets());

// All modules go to workerd by a WebSocket of Miniflare's: packing and unpacking them was a sixth of the CPU of all tests there. A server that
// does not know the name of an extension goes without it.
const ofMiniflare = createRequire(createRequire(import.meta.url).resolve("miniflare"));
Object.defineProperty((ofMiniflare("ws") as { PerMessageDeflate: object }).PerMessageDeflate, "extensionName", { value: "none" });

/** What the compiler says in Node, for the test in workerd that says the same. Loaded only when it is asked. */
async function compileInNode(request: { text(): Promise<string> }): Promise<Response> {
  const { compileWorkflow } = await import("./src/compile/compile-workflow.ts");
  return Response.json(compileWorkflow(await request.text()));
}

/** Programs that tests start keep their compiled code as the command does: each then takes half its CPU to start. */
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, "node_modules/.cache/nerveflare");

/** Where CI wants the results as JSON, beside what people read. */
const resultsFile = process.env.VITEST_RESULTS;

/** Files side by side where each waits for half of its time or more, for a server, an eviction or an alarm: on two cores they take half of the time that they take two by two. */
const waiting = 6;

/** Files that hold waits of one second against those of another, or count what a server does until it rests. Each rests for half of its time, so that two leave each other room; beside more they would measure the others' load. */
const inPairs = "test/e2e/{counts,stalls}.test.ts";

/** Files that hold a server's waits under a flood against those without: whatever else ran, they would measure it. */
const alone = "test/e2e/hostile*.test.ts";

/** Files that take longest, first, so that none of them is what all wait for in the end. The rest in vitest's own order. */
const longest = [
  "e2e/crash",
  "e2e/probe",
  "e2e/behind-faults",
  "e2e/stalls",
  "e2e/server",
  "e2e/package",
  "e2e/server-faults",
  "e2e/upgrade",
  "e2e/backup",
  "integration/deploy/deploy",
  "e2e/counts",
  "integration/cli/author-commands",
  "integration/repo/planted",
  "integration/local-server/kept-worker",
  "model/machines",
  "simulation/role-orders",
  "simulation/control",
  "integration/path-tests/paths",
  "simulation/threads",
];

/** Projects whose files follow each other: a worker ends where the next file is another project's, and theirs take 2.5 CPU seconds to load the Worker. */
const together = ["workerd", "cell", "host"];

/** Node loads the source as it is, with its types stripped: an eighth less CPU than through Vite, whose transforms make every use of an import a getter's. */
const natively = { experimental: { viteModuleRunner: false } };

/** Files that wait for programs which they start: compilers, editors, Wrangler. Beside files that wait for servers they use what those leave of the machine. */
const programs = ["test/integration/{cli,deploy,editors,exec,local-server,mcp,probe,repo,types,vscode}/**/*.test.ts"];
const programsThroughVite = ["test/integration/cli/machine-modules.test.ts", "test/integration/local-server/kept-worker.test.ts"];

/** Files that put other modules in the place of ours, or import TypeScript from node_modules, which Node does not strip. */
const throughVite = [
  "test/unit/compile/counts.test.ts",
  "test/unit/durable/environment.test.ts",
  "test/unit/local-server/data-folder.test.ts",
  "test/unit/lsp/drawing.test.ts",
];

/** Waits of all tests. */
const patient = "test/patient-waits.ts";

/** The hooks of a file in workerd publish and register, each over several objects, beside five other files. */
const hookTimeout = 60_000;

/** What the projects in Node share. */
const inNode = {
  setupFiles: ["test/check-messages.ts", patient],
  // A worker loads the source once for all its files, for that takes longer than most of them. What a test puts over others' things is taken off after it.
  isolate: false,
  restoreMocks: true,
  unstubGlobals: true,
  testTimeout: 30_000,
  hookTimeout: 60_000,
};

/** What drives real processes is given time, and a Worker that is bundled already: servers that start side by side would each bundle it. */
const bundled = "test/e2e/bundle-once.ts";
const withServers = { testTimeout: 240_000, hookTimeout: 240_000, globalSetup: [bundled], setupFiles: [patient] };

/** What waits goes together, after what computes. */
const besideOthers = { maxWorkers: waiting, sequence: { groupOrder: 1 } };

/** Stories in workerd that are told over a cell by default; NERVEFLARE_TEST_PLACEMENT=cell tells all. */
const storiesInCell = "test/workerd/{control,recruitment,broadcasts,threads,liveness}.test.ts";
const everythingInCell = process.env.NERVEFLARE_TEST_PLACEMENT === "cell";

/** The whole Worker in the real runtime. @param placement where its actors live */
function inWorkerd(name: string, placement: string, include: string[]) {
  return {
    plugins: [
      cloudflareTest({
        wrangler: { configPath: "./wrangler.toml" },
        miniflare: {
          bindings: { TEST_MIGRATIONS: migrations, NERVEFLARE_ADMIN_TOKEN: "test-admin-token", NERVEFLARE_PLACEMENT: placement },
          serviceBindings: { COMPILE_IN_NODE: compileInNode },
        },
      }),
    ],
    test: {
      name,
      include,
      setupFiles: ["test/check-messages.ts", patient, "test/workerd/setup.ts"],
      // A worker loads the source once for all its files; storage is emptied before each file.
      isolate: false,
      // An eviction waits up to a second for what is under way, and a story has a dozen.
      testTimeout: 60_000,
      hookTimeout,
      ...besideOthers,
    },
  };
}

/** Simulations that are played over a cell too, those without seeds that tell most of what differs and take little: the others with NERVEFLARE_TEST_PLACEMENT=cell. */
const playedInCell = "test/simulation/{liveness,liveness-policies,waits,broadcasts,control-keys,outcomes,explain}.test.ts";

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const last = longest.length + together.length;
    const rank = ({ moduleId, project }: TestSpecification): number => {
      const index = longest.findIndex((name) => moduleId.endsWith(`test/${name}.test.ts`));
      const apart = together.indexOf(project.name);
      return index >= 0 ? index : apart >= 0 ? longest.length + apart : last;
    };
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b));
  }
}

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    // By default one core is left to the machine, which on two is half of it.
    maxWorkers: "100%",
    reporters: resultsFile ? ["default", ["json", { outputFile: resultsFile }]] : ["default"],
    projects: [
      {
        test: {
          ...inNode,
          ...natively,
          name: "node",
          include: ["test/{unit,integration,model,conformance,simulation}/**/*.test.ts"],
          exclude: [...programs, ...throughVite],
        },
      },
      { test: { ...inNode, name: "node-vite", include: throughVite } },
      { test: { ...inNode, ...natively, name: "node-cell", include: [playedInCell], env: { NERVEFLARE_TEST_PLACEMENT: "cell" } } },
      {
        test: { ...inNode, ...natively, ...besideOthers, name: "node-beside", include: programs, exclude: programsThroughVite },
      },
      { test: { ...inNode, ...besideOthers, name: "node-beside-vite", include: programsThroughVite } },
      inWorkerd("workerd", "own", ["test/workerd/**/*.test.ts"]),
      // The same stories over a cell: by default those that tell most of what differs.
      inWorkerd("cell", "cell", everythingInCell ? ["test/workerd/**/*.test.ts"] : [storiesInCell]),
      {
        // The actor host by itself, in a Worker of its own: it knows no workflows.
        plugins: [cloudflareTest({ wrangler: { configPath: "./test/host/worker/wrangler.toml" } })],
        test: {
          name: "host",
          include: ["test/host/**/*.workerd.test.ts"],
          setupFiles: [patient],
          isolate: false,
          testTimeout: 30_000,
          ...besideOthers,
        },
      },
      {
        test: {
          ...natively,
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          exclude: [inPairs, alone],
          ...withServers,
          // Tests of a file that say so wait side by side: for an agent to find out that a line is dead, most of all.
          maxConcurrency: 30,
          ...besideOthers,
        },
      },
      {
        test: {
          ...natively,
          name: "inspector",
          include: ["test/inspector/**/*.test.ts"],
          // One server and one browser for all of them.
          ...withServers,
          globalSetup: [bundled, "test/inspector/global-setup.ts"],
          ...besideOthers,
        },
      },
      {
        test: { ...natively, ...withServers, name: "pairs", include: [inPairs], maxWorkers: 2, sequence: { groupOrder: 2 } },
      },
      {
        test: { ...natively, ...withServers, name: "alone", include: [alone], fileParallelism: false, sequence: { groupOrder: 3 } },
      },
    ],
  },
});
