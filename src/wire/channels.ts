/** Names and numbers that both ends of a connection share. Apart from the frames so that a client needs no zod. */

/** An agent's two channels: what is for it alone, and offers that others get too. */
export const channels = ["my", "open"] as const;
export type Channel = (typeof channels)[number];

/** Names the protocol in the WebSocket handshake. */
export const subprotocol = "nerveflare.v1";

/** WebSocket close codes and what they mean to the client. */
export const closeCodes = { token: 4401, replaced: 4409, tooSlow: 4413, rate: 4429 } as const;
