/**
 * Plays a person through what the page itself asks: signs in for a session, says that it is a person, takes what roles it may have, and
 * answers each turn. For demonstrations and tests: people use the page.
 *
 *     npx node examples/agents/person.ts --status approved --field "note=Well done."
 */
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { readSettings } from "./settings.ts";
import { tell } from "./tell.ts";

const { values } = parseArgs({
  options: { status: { type: "string", default: "approved" }, field: { type: "string", multiple: true, default: [] } },
});
const { url, token } = readSettings();

interface Waiting {
  turns: { turn: string; thread: string; prompt: string; lease: { generation: number }; role: { name: string } }[];
  offers: { offer: string; thread: string; workflow: string; role: string }[];
}

const session = await fetch(`${url}/v1/session`, { method: "POST", headers: { authorization: `Bearer ${token}` } });
if (!session.ok) throw new Error(`nobody is signed in: ${await session.text()}`);
const cookie = session.headers.getSetCookie()[0]?.split(";")[0] ?? "";
const { csrf } = (await session.json()) as { csrf: string };

/** One call of the page's: with the session's cookie, and for a change its CSRF token. */
async function call(method: string, path: string, body?: object): Promise<unknown> {
  const headers = { cookie, ...(body && { "content-type": "application/json", "x-csrf-token": csrf }) };
  const answer = await fetch(`${url}${path}`, { method, headers, ...(body && { body: JSON.stringify(body) }) });
  if (!answer.ok) throw new Error(`${method} ${path}: ${await answer.text()}`);
  return answer.json();
}

const say = (type: string, data: object): Promise<unknown> => call("POST", "/v1/events", { id: crypto.randomUUID(), type, data });
const done = new Set<string>();

/** Does what waits, each thing once. */
async function look(): Promise<void> {
  const { turns, offers } = (await call("GET", "/v1/me")) as Waiting;
  for (const { offer, role, workflow, thread } of offers.filter((each) => !done.has(each.offer))) {
    done.add(offer);
    tell("takes", `${role} in ${workflow}, on the page`, { thread });
    await say("nerve.offer.claim", { offer });
  }
  for (const { turn, prompt, lease, role, thread } of turns.filter((each) => !done.has(each.turn))) {
    done.add(turn);
    tell("turn", `${url}/ui/turns/${thread}/${role.name}: ${prompt}`, { thread });
    await delay(600);
    const fields = Object.fromEntries(values.field.map((field) => field.split(/=(.*)/s).slice(0, 2)));
    await say("nerve.turn.respond", { turn, lease: lease.generation, output: { $status: values.status, ...fields } });
    tell("answers", values.status, { thread });
  }
}

await say("nerve.agent.report", { labels: { person: true } });
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(0));
for (;;) {
  // While it is open the person is there, and its leases live; whatever it says is a reason to look.
  const { ticket } = (await call("POST", "/v1/tickets", {})) as { ticket: string };
  const stream = await fetch(`${url}/v1/inbox/stream?channel=my,open&ticket=${encodeURIComponent(ticket)}`);
  tell("connected", "signed in, and looks at what waits");
  await look();
  for await (const _ of stream.body ?? []) await look();
  await delay(500);
}
