/** What the server's own workflow of a message to one agent is called: a name that no other workflow should have. */
export const directTurnName = "direct-turn";
