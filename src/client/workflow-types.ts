/** What `nerveflare types` writes refers to: how a workflow's roles, turns and outputs are typed, and how an agent's handlers follow from it. Types alone. */
import type { CloudEvent } from "../contract/event.ts";
import type { TurnAssigned } from "./contract-types.ts";
import type { EventToSend, OutputWithBody, TurnContext, TurnHandler } from "./handlers.ts";

/** What types of a workflow were made of: they change where the types do, not where a prompt or a description does. */
export interface TypesFingerprints {
  /** Of the data that a thread starts with. */
  input: string;
  /** By role. */
  roles: { readonly [role: string]: string };
}

/** The constant that `nerveflare types` writes for a workflow. */
export interface TypedWorkflow<Shape extends WorkflowShape = WorkflowShape> {
  readonly name: Shape["name"];
  readonly fingerprints: TypesFingerprints;
  /** The command that makes the types anew. */
  readonly command: string;
  /** Never there: it carries the types. */
  readonly types?: Shape;
}

/** The types of one workflow. */
export interface WorkflowShape {
  name: string;
  roles: { [role: string]: { turn: unknown; output: AnyOutput } };
  /** The data of events that start a thread, by kind. */
  starts: object;
}

/**
 * Any output, said in a way that has the compiler keep literals as they are: `"approved"` and not `string`. A handler without parameters
 * is looked at before the workflows are known, and this is what is known of its answer then.
 */
interface AnyOutput {
  [field: string]: AnyValue;
}

type AnyValue = "" | 0 | boolean | null | undefined | NonNullable<unknown> | [] | AnyValue[] | AnyOutput;

/** A role may always answer so: the thread is suspended, and resuming gives the role its turn again. */
export interface Suspension {
  $status: "$SUSPEND";
  reason?: string | undefined;
  [field: string]: unknown;
}

/** What stands for a role's answer where the engine went on without one. */
export interface EngineOutput {
  $status: "$TIMEOUT" | "$FAILED" | "$UNFILLED" | "$OFFLINE" | "$MAX_ROUNDS";
}

/** What the turn after a broadcast sees of it. */
export interface BroadcastOutcome<Output> {
  $status: "$ACKED" | "$PARTIAL";
  acked: string[];
  failed: string[];
  missing: string[];
  answers: { agent: string; output: Output }[];
  answersLeftOut?: number | undefined;
}

/** The step before a turn. */
export interface TypedStep<Role extends string, Output> {
  role: Role;
  agent: string | null;
  output: Output | Suspension | EngineOutput;
  body?: string | undefined;
}

type Known<T> = { [Name in keyof T as string extends Name ? never : Name]: T[Name] };

/** An event of a kind, with the data that belongs to it. */
export type EventWith<Type extends string, Data> = Omit<Known<CloudEvent>, "type" | "data"> & { type: Type; data: Data };

/** One of several events: of a map from kinds to data, as `Emits` of generated types. */
export type EventOf<Kinds> = { [Kind in keyof Kinds & string]: EventWith<Kind, Kinds[Kind]> }[keyof Kinds & string];

/** A role's turn, as its handler gets it. */
export interface TypedTurn<Workflow extends string, Role extends string, StartData, Last>
  extends Omit<TurnAssigned, "workflow" | "role" | "event" | "last"> {
  workflow: Workflow;
  role: TurnAssigned["role"] & { name: Role };
  event: EventWith<string, StartData>;
  last: Last | null;
}

/** Takes a turn of one role and returns its output. */
export type TypedTurnHandler<Turn, Output> = (
  turn: Turn,
  context: TurnContext,
) => Output | OutputWithBody<Output> | Promise<Output | OutputWithBody<Output>>;

/** Workflows whose types an agent knows. */
export type TypedWorkflows = readonly TypedWorkflow[];

type ShapeOf<Workflows extends TypedWorkflows> = Workflows[number] extends infer Each
  ? Each extends TypedWorkflow<infer Shape>
    ? Shape
    : never
  : never;

type HandlerOf<Role> = Role extends { turn: infer Turn; output: infer Output } ? TypedTurnHandler<Turn, Output> : never;

/** Of a workflow: a handler for each role, and one for all of them. */
type HandlersOfShape<Shape> = Shape extends { name: infer Name extends string; roles: infer Roles }
  ? { [Role in keyof Roles & string as `${Name}/${Role}`]?: HandlerOf<Roles[Role]> } & {
      [Key in `${Name}/*`]?: TypedTurnHandler<
        { [Role in keyof Roles]: Roles[Role] extends { turn: infer Turn } ? Turn : never }[keyof Roles],
        { [Role in keyof Roles]: Roles[Role] extends { output: infer Output } ? Output : never }[keyof Roles]
      >;
    }
  : never;

type Together<Union> = (Union extends unknown ? (each: Union) => void : never) extends (all: infer All) => void ? All : never;

/** The handlers of an agent by their keys: as ever where it knows no types, else by the roles of its workflows; `*` is for turns of others too. */
export type HandlersOf<Workflows extends TypedWorkflows> = AnyHandlers & KeyedHandlers<Workflows>;

type KeyedHandlers<Workflows extends TypedWorkflows> = Workflows extends readonly []
  ? { [key: string]: TurnHandler }
  : Together<HandlersOfShape<ShapeOf<Workflows>>> & { "*"?: TurnHandler; [anyWorkflow: `*/${string}`]: TurnHandler };

/** Handlers, before it is known of which workflows: see {@link AnyOutput}. */
interface AnyHandlers {
  [key: string]: (
    turn: never,
    context: TurnContext,
  ) => AnyOutput | OutputWithBody<AnyOutput> | Promise<AnyOutput | OutputWithBody<AnyOutput>>;
}

type Scalar = string | number | bigint | boolean | symbol | null | undefined;

/** How deep answers are looked into: types may refer to themselves. */
type Depth = readonly [0, 0, 0, 0, 0, 0];

/**
 * Whether a value has no members that its type does not name, where the type is closed. The compiler asks that of literals only where
 * their type was written down, which nobody does of what a function returns.
 */
type IsExact<Given, Wanted, Left extends readonly unknown[]> = unknown extends Wanted
  ? true
  : [Wanted, Left] extends [Given, unknown] | [unknown, readonly []]
    ? true
    : Given extends Scalar
      ? true
      : true extends (Wanted extends unknown ? (Given extends Wanted ? FitsOne<Given, Wanted, Left> : false) : never)
        ? true
        : false;

type FitsOne<Given, Wanted, Left extends readonly unknown[]> = Left extends readonly [unknown, ...infer Less]
  ? Given extends readonly (infer Item)[]
    ? Wanted extends readonly (infer WantedItem)[]
      ? AreAll<Item extends unknown ? IsExact<Item, WantedItem, Less> : never>
      : false
    : string extends keyof Wanted
      ? true
      : [Surplus<Given, Wanted>] extends [never]
        ? AreAll<{ [Name in keyof Given & keyof Wanted]-?: IsExact<Given[Name], Wanted[Name], Less> }[keyof Given & keyof Wanted]>
        : false
  : true;

type AreAll<Each> = false extends Each ? false : true;

/** Members that the type does not name. One that is never there is none: the compiler adds such where branches differ. */
type Surplus<Given, Wanted> = {
  [Name in keyof Given]-?: Name extends keyof Wanted ? never : [Given[Name]] extends [undefined] ? never : Name;
}[keyof Given];

type IsExactAnswer<Answer, Output> =
  Answer extends OutputWithBody<infer Inner>
    ? IsExact<Inner, Output, Depth>
    : Answer extends unknown
      ? IsExact<Answer, Output, Depth>
      : never;

type IsExactHandler<Given, Allowed> = Allowed extends (turn: never, context: never) => infer Returned
  ? Given extends (...all: never) => infer Answer
    ? AreAll<IsExactAnswer<Awaited<Answer>, Exclude<Awaited<Returned>, OutputWithBody<unknown>>>>
    : true
  : true;

/** The keys of handlers that answer with a field that their roles' schemas do not allow. */
type Inexact<Given, Allowed> = {
  [Key in keyof Given & keyof Allowed]: IsExactHandler<Given[Key], NonNullable<Allowed[Key]>> extends true ? never : Key;
}[keyof Given & keyof Allowed];

/** Added to an agent's options: a member that nobody has, whose name says what is wrong, and whose type which handlers it is wrong of. */
export type CheckHandlers<Given, Workflows extends TypedWorkflows> = Workflows extends readonly []
  ? unknown
  : // The compiler asks first with what any handlers may be, before it has looked at those that take parameters.
    string extends keyof Given
    ? unknown
    : [Exclude<keyof Given, keyof KeyedHandlers<Workflows>>] extends [never]
      ? [Inexact<Given, KeyedHandlers<Workflows>>] extends [never]
        ? unknown
        : { "these answer with a field that their role's schema does not allow": Inexact<Given, KeyedHandlers<Workflows>> }
      : { "the workflows have no such roles": Exclude<keyof Given, keyof KeyedHandlers<Workflows>> };

type StartsOf<Workflows extends TypedWorkflows> = Together<ShapeOf<Workflows>["starts"]>;

/** An event to send: with the data that its kind's workflows ask for, where it starts one. */
export type EventToSendOf<Workflows extends TypedWorkflows, Type extends string> = Type extends keyof StartsOf<Workflows>
  ? Omit<Known<EventToSend>, "type" | "data"> & { type: Type; data: StartsOf<Workflows>[Type] }
  : EventToSend & { type: Type };
