/** Tries the rules one after another, each on its own connections, and says of each whether it was kept. */
import { randomUUID } from "node:crypto";
import { call, type Ear, openEar, type Party, type WireName } from "./probe-wire.ts";
import { accepted, Broken, makeEvent, type Rule, type Trial } from "./rule.ts";

/** What became of a rule on a transport. */
export interface Finding {
  id: string;
  transport: WireName;
  promise: string;
  result: "pass" | "fail" | "skip";
  /** Of one that failed. */
  expected?: string;
  got?: string;
  /** Of one that was skipped. */
  reason?: string;
}

/** What to probe, as whom. */
export interface ProbeOptions {
  url: string;
  /** An agent's token: what can be tried as it is tried. */
  token?: string | undefined;
  /** An operator's: two agents are made for the probe, and removed after it. */
  adminToken?: string | undefined;
  transports: readonly WireName[];
  rules: readonly Rule[];
  found(finding: Finding): void;
}

/** @throws when there is nobody to try it as: the server is away, or the token is not good */
export async function runProbe({ url, token, adminToken, transports, rules, found }: ProbeOptions): Promise<Finding[]> {
  const findings: Finding[] = [];
  const run = randomUUID().slice(0, 8);
  const stage = await setStage(url, run, token, adminToken);
  let count = 0;
  try {
    for (const wire of transports) {
      for (const rule of rules) {
        if (rule.only !== undefined && rule.only !== wire) continue;
        const base = { id: rule.id, transport: wire, promise: rule.promise };
        const reason =
          rule.alone && !stage.alone ? "it needs a mailbox of its own: give --admin-token, and agents are made for it" : undefined;
        const finding: Finding = reason
          ? { ...base, result: "skip", reason }
          : { ...base, ...(await tryRule(rule, wire, stage, () => `probe-${run}-${++count}`)) };
        findings.push(finding);
        found(finding);
      }
    }
  } finally {
    await stage.clear();
  }
  return findings;
}

interface Stage {
  agent: Party;
  peer: Party;
  alone: boolean;
  clear(): Promise<void>;
}

async function setStage(url: string, run: string, token: string | undefined, adminToken: string | undefined): Promise<Stage> {
  if (adminToken === undefined) {
    const { status, body } = await call({ url, token: token ?? "" }, "GET", "v1/me");
    if (status !== 200) throw new Error(`GET /v1/me was answered ${status}: ${body["detail"] ?? "no problem details"}`);
    if (body["operator"] !== undefined) throw new Error("this is an operator's token: give it as --admin-token, or give an agent's");
    const agent = { url, id: String(body["id"]), token: token as string };
    return { agent, peer: agent, alone: false, clear: async () => {} };
  }
  const operator = { url, token: adminToken };
  const made: string[] = [];
  const clear = async () => {
    for (const id of made) await call(operator, "DELETE", `v1/agents/${id}`).catch(() => {});
  };
  const make = async (id: string): Promise<Party> => {
    const { status, body } = await call(operator, "POST", "v1/agents", { id });
    if (status !== 201) throw new Error(`POST /v1/agents was answered ${status}: ${body["detail"] ?? "no problem details"}`);
    made.push(id);
    return { url, id, token: String(body["token"]) };
  };
  try {
    return { agent: await make(`probe-${run}`), peer: await make(`probe-${run}-peer`), alone: true, clear };
  } catch (error) {
    await clear();
    throw error;
  }
}

async function tryRule(
  rule: Rule,
  wire: WireName,
  { agent, peer }: Stage,
  id: () => string,
): Promise<Pick<Finding, "result" | "expected" | "got">> {
  const ears: Ear[] = [];
  const trial: Trial = {
    ...{ wire, agent, peer, id },
    async open(query = "", other = wire) {
      const ear = await openEar(other, agent, query);
      ears.push(ear);
      return ear;
    },
    async give() {
      const event = makeEvent(id(), { to: `agents/${agent.id}` });
      const { status, body } = await call(peer, "POST", "v1/events", event as never);
      accepted({ accepted: status === 202, code: undefined, body });
      return event["id"] as unknown as string;
    },
  };
  try {
    await rule.try(trial);
    return { result: "pass" };
  } catch (error) {
    if (error instanceof Broken) return { result: "fail", expected: error.expected, got: error.got };
    return { result: "fail", expected: "the try to go through", got: error instanceof Error ? error.message : String(error) };
  } finally {
    await Promise.all(ears.map((ear) => ear.close().catch(() => {})));
  }
}
