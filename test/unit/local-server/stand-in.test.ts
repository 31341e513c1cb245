import { expect, test, vi } from "vitest";
import { standIn } from "../../../src/local-server/stand-in.ts";

test("[SRV41] what stands in for a runtime while its configuration is made signals nobody when it is killed", async () => {
  const given = vi.fn();
  const runtime = standIn(given);
  // Node's own handle of a process that was never started has whatever lies in memory for a pid.
  const handle = (runtime as { _handle?: { kill(signal: number): number } })._handle;
  if (!handle) throw new Error("Node's ChildProcess has no handle any more: look at how it signals");
  const signal = vi.spyOn(handle, "kill").mockReturnValue(0);

  expect(runtime.kill("SIGKILL")).toBe(false);
  runtime.ref();
  runtime.unref();
  expect(signal).not.toHaveBeenCalled();

  runtime.stdin?.end("configuration");
  await vi.waitFor(() => expect(given).toHaveBeenCalledWith(Buffer.from("configuration")));
});
