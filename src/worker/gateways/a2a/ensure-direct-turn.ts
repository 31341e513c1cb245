/** The server's own workflow is published when it is first needed, and again after an upgrade that changed it. */
import { announceChange } from "../../announce-change.ts";
import { checkPublish } from "../../check-publish.ts";
import { publishWorkflow, readWorkflow } from "../../workflow-store.ts";
import { directTurn } from "./direct-turn.ts";
import type { GatewayPorts } from "./list-subjects.ts";

/** Publishes it, where what is published under its name is not it. */
export async function ensureDirectTurn(ports: GatewayPorts): Promise<void> {
  const { name, source } = directTurn;
  const published = await readWorkflow(ports.db, name);
  if (published?.source === source) return;
  const { compiled, diagnostics } = await ports.compile(source);
  const checked = checkPublish(name, source, compiled, diagnostics);
  await publishWorkflow(ports.db, checked, JSON.stringify(checked), source, ports.now());
  await announceChange(ports);
}
