/** Finds the remote agent by its card, and says what is wrong where it cannot be spoken to. */
import type { AgentCard } from "@a2a-js/sdk";
import { type Client, ClientFactory, DefaultAgentCardResolver, JsonRpcTransportFactory, RestTransportFactory } from "@a2a-js/sdk/client";
import { bridgeLimits } from "./limits.ts";

/** The remote agent, and what its card says that matters here. */
export interface Remote {
  client: Client;
  name: string;
  streams: boolean;
}

/** Why there is no speaking to it, and what to do. */
export class RemoteError extends Error {
  readonly hint: string;

  constructor(message: string, hint: string) {
    super(message);
    this.name = "RemoteError";
    this.hint = hint;
  }
}

/**
 * @param url of the agent, below which its card is at the well-known path; or of the card itself, if it ends in `.json`
 * @param headers that each call carries, such as the token
 * @throws RemoteError
 */
export async function openRemote(url: string, headers: Record<string, string>): Promise<Remote> {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw new RemoteError(`${url} is no address of an agent.`, "Give a whole one, such as https://agent.example.com.");
  const fetchImpl: typeof fetch = (input, init) => fetch(input, { ...init, headers: { ...readHeaders(init?.headers), ...headers } });
  const card = await readCard(url, fetchImpl);
  const factory = new ClientFactory({
    transports: [new JsonRpcTransportFactory({ fetchImpl }), new RestTransportFactory({ fetchImpl })],
    cardResolver: new DefaultAgentCardResolver({ fetchImpl }),
  });
  try {
    const client = await factory.createFromAgentCard(card);
    return { client, name: card.name, streams: card.capabilities?.streaming === true };
  } catch (cause) {
    throw new RemoteError(
      `The card of ${card.name} names no way in which it is spoken to here: ${(cause as Error).message}`,
      "This command speaks A2A 1.0, over JSON-RPC and HTTP+JSON.",
    );
  }
}

function readHeaders(headers: RequestInit["headers"]): Record<string, string> {
  return Object.fromEntries(new Headers(headers ?? {}));
}

async function readCard(url: string, fetchImpl: typeof fetch): Promise<AgentCard> {
  const isCard = new URL(url).pathname.endsWith(".json");
  const bounded: typeof fetch = (input, init) => fetchImpl(input, { ...init, signal: AbortSignal.timeout(bridgeLimits.cardMs) });
  const resolver = new DefaultAgentCardResolver({ fetchImpl: bounded });
  let card: AgentCard;
  try {
    // The well-known path is below the address, not below its parent.
    card = await (isCard ? resolver.resolve(url, "") : resolver.resolve(url.endsWith("/") ? url : `${url}/`));
  } catch (cause) {
    throw new RemoteError(
      `No card could be got from ${url}: ${(cause as Error).message}`,
      "Is the agent there, and does it speak A2A 1.0? Its card is at .well-known/agent-card.json below its address. A token goes into NERVEFLARE_REMOTE_TOKEN.",
    );
  }
  const fault = findCardFault(card);
  if (fault === undefined) return card;
  throw new RemoteError(`What ${url} answers is no card of A2A 1.0: ${fault}.`, "Give the address of an agent, or of its card.");
}

/** What of a card is used here, and is not as the protocol has it. */
export function findCardFault(card: unknown): string | undefined {
  if (typeof card !== "object" || card === null || Array.isArray(card)) return "it is no object";
  const { name, supportedInterfaces } = card as { name?: unknown; supportedInterfaces?: unknown };
  if (typeof name !== "string" || name === "") return "it has no `name`";
  if (!Array.isArray(supportedInterfaces) || supportedInterfaces.length === 0)
    return "it has no `supportedInterfaces`; cards of A2A 0.3 have none";
  for (const each of supportedInterfaces as { url?: unknown; protocolBinding?: unknown }[]) {
    if (typeof each?.url !== "string" || !URL.canParse(each.url)) return "an interface has no `url`";
    if (typeof each.protocolBinding !== "string") return "an interface has no `protocolBinding`";
  }
  return undefined;
}
