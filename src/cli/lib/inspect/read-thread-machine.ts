/** One machine of a thread's revision, and where the thread stands in it. */
import type { MachineConfigJson } from "../../../../machines/config.ts";
import type { Json } from "../../../contract/event.ts";
import type { Answer } from "../../../contract/http/answers.ts";
import type { Api } from "../api.ts";
import { readHistory } from "./read-history.ts";

interface ThreadMachine {
  workflow: string;
  config: MachineConfigJson;
  /** Absent: the machine has not begun. */
  noted?: { thread: string; at: string; value: Json };
}

/** @throws CliError when the server refuses */
export async function readThreadMachine(api: Api, id: string, machine: "task" | "recruitment"): Promise<ThreadMachine> {
  const { workflow, revision } = (await api.call("GET", `v1/threads/${encodeURIComponent(id)}`)) as Answer<"thread">;
  const path = `v1/workflows/${encodeURIComponent(workflow)}/machines?revision=${revision}`;
  const machines = (await api.call("GET", path)) as Answer<"machines">;
  let noted: ThreadMachine["noted"];
  for await (const history of readHistory(api, id, 0)) {
    const last = history[machine]?.at(-1);
    if (last) noted = { thread: id, at: new Date(last.at).toISOString(), value: last.after };
  }
  return { workflow, config: machines[machine] as object as MachineConfigJson, ...(noted && { noted }) };
}
