/** `npm run check`: everything about the source that can be judged without running it. Runs all steps side by side, then says which failed. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";

/** Each step with what it keeps true. */
const steps: { name: string; command: [string, ...string[]] }[] = [
  {
    name: "format, lint",
    command: ["biome", "ci", "--error-on-warnings", `--colors=${process.stdout.isTTY ? "force" : "off"}`, "."],
  },
  { name: "rooms, circles, sizes", command: ["node", "scripts/check-house.ts"] },
  { name: "types", command: ["node", "scripts/types.ts", "--check"] },
  { name: "types of the extension", command: ["tsc", "-p", "editors/vscode"] },
  // Their packages are there once somebody has asked for them.
  ...(existsSync("bench/peers/node_modules")
    ? [{ name: "types of the peers", command: ["tsc", "-p", "bench/peers"] satisfies [string, ...string[]] }]
    : []),
  { name: "dead code", command: ["knip", "--no-progress"] },
  { name: "packages", command: ["node", "scripts/check-packages.ts"] },
  { name: "fresh pictures", command: ["node", "scripts/visualize.ts", "--check"] },
  {
    name: "fresh types",
    command: [
      ...(["node", "src/cli/main.ts", "types", "workflows/code-review.yaml"] as const),
      ...["--out", "examples/agents/code-review.types.ts", "--import", "./client.ts", "--check"],
    ],
  },
  { name: "fresh descriptions", command: ["node", "scripts/describe.ts", "--check"] },
];

/** Runs a step and prints what it said in one piece when it has ended. Resolves to whether it passed. */
async function run({ name, command: [program, ...args] }: (typeof steps)[number]): Promise<boolean> {
  const started = performance.now();
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
  const said: Buffer[] = [];
  child.stdout.on("data", (bytes: Buffer) => said.push(bytes));
  child.stderr.on("data", (bytes: Buffer) => said.push(bytes));
  const passed = await new Promise<boolean>((resolve) => {
    child.once("close", (code) => resolve(code === 0));
    child.once("error", ({ message }) => {
      said.push(Buffer.from(`${program}: ${message}; run it through npm (\`npm run check\`), which finds the installed tools\n`));
      resolve(false);
    });
  });
  process.stdout.write(Buffer.concat(said));
  console.log(`${passed ? "ok    " : "failed"} ${name} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
  return passed;
}

const results = await Promise.all(steps.map(run));
const failed = steps.filter((_, index) => !results[index]).map(({ name }) => name);
if (failed.length > 0) {
  console.error(`\nCheck failed: ${failed.join("; ")}. \`npm run format\` mends formatting and what lint can mend safely.`);
  process.exitCode = 1;
}
