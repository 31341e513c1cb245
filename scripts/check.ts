/** `npm run check`: everything about the source that can be judged without running it. Runs all steps, then says which failed. */
import { spawnSync } from "node:child_process";

/** Each step with what it keeps true; import direction is part of the lint (`noRestrictedImports` in biome.json). */
const steps: { name: string; command: [string, ...string[]] }[] = [
  {
    name: "format, lint, import direction",
    command: ["biome", "ci", "--error-on-warnings", `--colors=${process.stdout.isTTY ? "force" : "off"}`, "."],
  },
  { name: "types", command: ["tsc", "-p", "."] },
  { name: "dead code", command: ["knip", "--no-progress"] },
  { name: "fresh pictures", command: ["node", "scripts/visualize.ts", "--check"] },
];

const failed: string[] = [];
for (const { name, command } of steps) {
  const started = performance.now();
  const [program, ...args] = command;
  const { status, error } = spawnSync(program, args, { stdio: "inherit" });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  if (error) console.error(`${program}: ${error.message}; run it through npm (\`npm run check\`), which finds the installed tools`);
  if (status !== 0) failed.push(name);
  console.log(`${status === 0 ? "ok    " : "failed"} ${name} (${seconds} s)`);
}

if (failed.length > 0) {
  console.error(`\nCheck failed: ${failed.join("; ")}. \`npm run format\` mends formatting and what lint can mend safely.`);
  process.exitCode = 1;
}
