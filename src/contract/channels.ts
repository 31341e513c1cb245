/** Names and numbers that both ends of a connection share. Apart from the frames so that a client needs no zod. */

/** An agent's two channels: what is for it alone, and offers that others get too. */
export const channels = ["my", "open"] as const;
export type Channel = (typeof channels)[number];

/** Names the protocol in the WebSocket handshake. */
export const subprotocol = "nerveflare.v1";

/** What a client calls one of its connections, or itself: as an id, but short, for several travel in one URL. */
export const connectionName = /^[A-Za-z0-9._-]{1,64}$/;

/** Connections that a new one may say it replaces: more than an agent has open at once. */
export const replacedAtMost = 16;

/** WebSocket close codes and what they mean to the client. */
export const closeCodes = { token: 4401, replaced: 4409, tooSlow: 4413, rate: 4429 } as const;
