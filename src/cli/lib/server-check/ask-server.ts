/** What `check --server` asks a server: its workflows, its agents, and what they hear and send. */

import { createKnown, type KnownAgent } from "../../../compile/together/known.ts";
import { type Member, readMember } from "../../../compile/together/member.ts";
import type { Answer } from "../../../contract/http/answers.ts";
import type { Api } from "../api.ts";
import type { Beyond } from "../check/check-all.ts";
import { serverLimits } from "./limits.ts";

/** Asks all of it. @throws what the API throws */
export async function askServer(api: Api, tell: (line: string) => void): Promise<Beyond> {
  const workflows = await readPages(
    api,
    "v1/workflows",
    (page: Answer<"workflows">) => [page.workflows, page.next],
    serverLimits.workflows,
  );
  const agents = await readPages(api, "v1/agents", (page: Answer<"agents">) => [page.agents, page.next], serverLimits.agents);
  const schemas = await readPages(api, "v1/schemas", (page: Answer<"schemas">) => [page.schemas, page.next], serverLimits.schemas);
  for (const { isCut, what } of [
    { isCut: workflows.isCut, what: "workflows" },
    { isCut: agents.isCut, what: "agents" },
    { isCut: schemas.isCut, what: "kinds that agents accept" },
  ])
    if (isCut) tell(`The server has more ${what} than are asked for: what is said of them may be incomplete.`);
  const members = await sideBySide(workflows.items, async ({ name }): Promise<Member> => {
    const { source } = (await api.call("GET", `v1/workflows/${encodeURIComponent(name)}`)) as Answer<"workflow">;
    return { ...readMember(`${name} of the server`, source).member, silent: true };
  });
  const cards = await sideBySide(agents.items, async ({ id, capabilities, roles, kinds }): Promise<KnownAgent> => {
    const subscribed = (await api.call("GET", `v1/agents/${encodeURIComponent(id)}/subscriptions`)) as Answer<"subscriptions">;
    return { id, capabilities, roles, kinds, subscribed: subscribed.kinds };
  });
  const known = createKnown(cards, schemas.items);
  // Of agents that were not asked for nobody knows what they hear.
  const isCut = agents.isCut || schemas.isCut;
  return { members, known: isCut ? { ...known, agents: [], hears: () => true, sends: () => true } : known };
}

async function readPages<Page, Item>(
  api: Api,
  path: string,
  read: (page: Page) => [items: Item[], next: string | null],
  most: number,
): Promise<{ items: Item[]; isCut: boolean }> {
  const found: Item[] = [];
  for (let after: string | null = ""; after !== null; ) {
    const query = new URLSearchParams({ limit: "200", ...(after !== "" && { after }) });
    const [items, next] = read((await api.call("GET", `${path}?${query}`)) as Page);
    found.push(...items);
    if (found.length > most) return { items: found.slice(0, most), isCut: true };
    after = next;
  }
  return { items: found, isCut: false };
}

/** Does something for each, a few at a time. */
export async function sideBySide<Item, Made>(items: readonly Item[], make: (item: Item) => Promise<Made>): Promise<Made[]> {
  const made: Made[] = [];
  for (let at = 0; at < items.length; at += serverLimits.atOnce)
    made.push(...(await Promise.all(items.slice(at, at + serverLimits.atOnce).map(make))));
  return made;
}
