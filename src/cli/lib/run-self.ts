/** Runs this very command line again, in a process of its own, as the language server does for an editor. */
import { spawn } from "node:child_process";
import { dirname } from "node:path";

/**
 * Runs `nerveflare` in a file's folder, with nothing to read.
 * @param limits milliseconds until it is ended, and characters that are kept of the output's end
 */
export async function runSelf(
  args: readonly string[],
  file: string,
  { time, output: most }: { time: number; output: number },
): Promise<{ ok: boolean; output: string }> {
  const [, main] = process.argv;
  if (main === undefined) return { ok: false, output: "The command line was not started from a file." };
  const child = spawn(process.execPath, [main, ...args], { cwd: dirname(file), stdio: ["ignore", "pipe", "pipe"], timeout: time });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      output = (output + text).slice(-most);
    });
  return new Promise((resolve) => {
    child.on("error", (error) => resolve({ ok: false, output: error.message }));
    child.on("close", (code, signal) =>
      resolve(signal ? { ok: false, output: `${output}\nIt was ended after ${time / 1000} s.` } : { ok: code === 0, output }),
    );
  });
}
