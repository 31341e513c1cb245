/** Tokens that change while an agent runs: asked for when one is needed, and anew when one is refused. */
import { ClientError, describeError } from "./client-error.ts";
import type { Fetch } from "./fetch.ts";

/**
 * Gets the token to use now; keep it and give it again until it is about to end.
 * @param refused the one that the server did not take: get another. The same again ends the agent
 */
export type GetToken = (refused?: string) => string | Promise<string>;

/** Sends with the token. One that is refused is asked for again, once a call, where its source may give another. */
export function sendWithToken(fetch: Fetch, token: string | GetToken | undefined): Fetch {
  if (!token) return fetch;
  const send = (url: string, init: Parameters<Fetch>[1], shown: string) =>
    fetch(url, { ...init, headers: { ...init.headers, authorization: `Bearer ${shown}` } });
  if (typeof token === "string") return (url, init) => send(url, init, token);
  return async (url, init) => {
    const shown = await ask(token);
    const response = await send(url, init, shown);
    if (response.status !== 401) return response;
    const fresh = await ask(token, shown);
    if (fresh === shown) return response;
    await response.body?.cancel();
    return send(url, init, fresh);
  };
}

async function ask(getToken: GetToken, refused?: string): Promise<string> {
  try {
    return await getToken(refused);
  } catch (error) {
    throw new ClientError("network", `the token could not be had: ${describeError(error)}`, { cause: error });
  }
}
