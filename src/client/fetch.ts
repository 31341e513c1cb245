/** What the client needs of a platform to call a server. */

/** `fetch`, as far as it is used. */
export type Fetch = (
  url: string,
  init: { method: string; headers: Record<string, string>; body?: string; mode?: "no-cors"; signal: AbortSignal },
) => Promise<Response>;
