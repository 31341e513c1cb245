/** The workflow of a message to one agent: a role that is the agent's, whose output is the answer. Published by whoever exposes an agent. */

import { directTurnName } from "../../../contract/direct-turn.ts";

export const directTurn = {
  name: directTurnName,
  source: `name: ${directTurnName}
description: A message to one agent, whose output is the answer. The server's own, for agents that have an A2A card.
binding: cloud
input:
  type: object
  required: [agent]
  properties:
    agent: { type: string, minLength: 1 }
    text: { type: string }
    data: {}
roles:
  agent:
    description: Whoever the message is for.
    goal: Answer the message. To ask for something first, answer with $status "$SUSPEND" and a reason.
    agent: { from: event.data.agent }
    turn: { timeout: 7d, on_timeout: end, on_fail: end }
    offline: { grace: 7d, then: wait }
    frontmatter:
      type: object
      description: The answer. A text in "text" is shown as such.
      properties:
        text: { type: string }
graph:
  $START: [{ role: agent, prompt: Answer the message in the initiating event. }]
  agent: [{ role: $END, condition: null, prompt: Answered. }]
`,
} as const;
