/** A runtime that is none, for Miniflare to start. */
import { ChildProcess } from "node:child_process";
import { PassThrough, type Readable, Writable } from "node:stream";

/** Takes the place of the runtime that Miniflare would start: it is given its configuration, and that is all that we want. */
export function standIn(onConfiguration: (configuration: Buffer) => void): ChildProcess {
  const parts: Buffer[] = [];
  const stdin = new Writable({
    write(chunk: Buffer, _, done) {
      parts.push(chunk);
      done();
    },
    final: () => onConfiguration(Buffer.concat(parts)),
  });
  const silent: Readable[] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const [stdout, stderr, control] = silent;
  return Object.assign(new ChildProcess(), {
    stdin,
    stdout,
    stderr,
    stdio: [stdin, stdout, stderr, control],
    // Miniflare kills its runtime as it ends. Node's own method would signal whatever number lies in the memory of a process that was
    // never started: somebody else's, or 0, which is this whole process group.
    kill: () => false,
    ref() {},
    unref() {},
  });
}
