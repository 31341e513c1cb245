/**
 * All that the host uses of XState, by name: what a new version of it drops is seen here. What reaches into its insides says so where
 * it does: the step, its effects, references to children, and the inspection of a machine.
 */
export type {
  ActorLogic,
  AnyActorLogic,
  AnyActorRef,
  AnyActorScope,
  AnyEventObject,
  AnyMachineSnapshot,
  AnyStateMachine,
  AnyStateNode,
  ExecutableActionsFrom,
} from "xstate";
export { StateMachine, transition } from "xstate";
