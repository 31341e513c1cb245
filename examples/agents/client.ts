/** What the agents here import. In a project of your own it is "@nerveflare/agent" instead of the path, and nothing else changes. */
export {
  connectAgent,
  type Json,
  type Note,
  type OfferDecision,
  type SaidUsage,
  type Suspension,
  type TurnAssigned,
  type TurnContext,
  TurnFailure,
  type TurnOutput,
  type TypedStep,
  type TypedTurn,
  type TypedWorkflow,
} from "../../src/client/index.ts";
