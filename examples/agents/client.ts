/** What the agents here import. In a project of your own it is "@nerveflare/agent" instead of the path, and nothing else changes. */
export {
  connectAgent,
  type Note,
  type OfferDecision,
  type TurnAssigned,
  type TurnContext,
  type TurnOutput,
} from "../../src/client/index.ts";
