/** The placement `cell`: the Durable Object that holds all actors of a deployment, and what the platform hands it. */
import { DurableObject } from "cloudflare:workers";
import type { CellMove } from "../../contract/views/placement.ts";
import { AgentEndpoint } from "../agent/agent-endpoint.ts";
import { type EndpointClass, listMethods } from "../endpoint.ts";
import { type Environment, findNeighbours, isPaused, type Neighbours, placeOwn } from "../environment.ts";
import { HookEndpoint } from "../hook/hook-endpoint.ts";
import { createDurableSockets, createDurableStorage, createTurnStorage } from "../host/storage/durable-world.ts";
import { holdAlarm } from "../host/storage/object-context.ts";
import type { ObjectKind, Place } from "../place.ts";
import { watchCell } from "../projector/metrics.ts";
import { ProjectorEndpoint } from "../projector/projector-endpoint.ts";
import { RegistryEndpoint } from "../registry/registry-endpoint.ts";
import { RecruitmentEndpoint } from "../thread/recruitment-endpoint.ts";
import { TaskEndpoint } from "../thread/task-endpoint.ts";
import { WebhookEndpoint } from "../webhook/webhook-endpoint.ts";
import { WorkflowEndpoint } from "../workflow/workflow-endpoint.ts";
import { type Cell, createCell } from "./cell.ts";
import { layOutCell } from "./cell-database.ts";
import { type CellMoveOut, createCellMove } from "./cell-move.ts";
import type { MoveRpc } from "./moved-rows.ts";
import { type CellRpc, ownerHeader } from "./place-in-cell.ts";
import { createTimerQueue } from "./timer-queue.ts";
import { createWave } from "./wave.ts";

const classes: Record<ObjectKind, EndpointClass> = {
  agent: AgentEndpoint,
  workflow: WorkflowEndpoint,
  recruitment: RecruitmentEndpoint,
  task: TaskEndpoint,
  projector: ProjectorEndpoint,
  registry: RegistryEndpoint,
  webhook: WebhookEndpoint,
  hook: HookEndpoint,
};

const methodsOf = new Map<ObjectKind, readonly string[]>(
  Object.entries(classes).map(([kind, made]) => [kind as ObjectKind, listMethods(made)]),
);

/** Asks an actor: what its caller hears is stored. */
async function askStored<Answer>(cell: Cell, ask: (cell: Cell) => Promise<Answer>): Promise<Answer> {
  try {
    return await ask(cell);
  } finally {
    cell.flush();
  }
}

/** Whose a socket is never changes. */
function rememberOwners(find: (socket: WebSocket) => string | undefined): (socket: WebSocket) => string | undefined {
  const known = new WeakMap<WebSocket, string>();
  return (socket) => {
    const owner = known.get(socket) ?? find(socket);
    if (owner !== undefined) known.set(socket, owner);
    return owner;
  };
}

/** Milliseconds that only grow. */
const elapsed = (): number => performance.now();

const warn = (entry: { [fact: string]: unknown }): void => console.warn(JSON.stringify(entry));

export class CellObject extends DurableObject<Environment> implements CellRpc {
  #made: { cell: Cell; move: CellMoveOut } | undefined;
  #near: Neighbours | undefined;
  readonly #ownerOf = rememberOwners((socket) => this.ctx.getTags(socket)[0]);
  readonly #timers = createTimerQueue(
    (milliseconds, work) => void setTimeout(work, milliseconds),
    elapsed,
    (error) => warn({ at: "timer", error: String(error) }),
  );
  readonly #wave = createWave(
    (work) => void this.#timers.add(0, work),
    async () => {
      await this.#made?.cell.written();
      await this.ctx.storage.sync();
    },
    elapsed,
  );

  constructor(ctx: DurableObjectState, env: Environment) {
    super(ctx, env);
    createDurableSockets(ctx).answerPings();
  }

  /** Made when it is first asked for: a database of a newer version is refused at each call. */
  get #all(): { cell: Cell; move: CellMoveOut } {
    if (!this.#made) {
      const made = this.#make();
      this.#made = made;
      watchCell(made.cell.memory);
    }
    return this.#made;
  }

  /** @throws when its actors are not here any more, or on their way */
  get #cell(): Cell {
    const { cell, move } = this.#all;
    if (move.isUnderWay()) throw new Error("cell_moves: the actors of this cell move, or have moved, to objects of their own");
    return cell;
  }

  #make(): { cell: Cell; move: CellMoveOut } {
    const { ctx, env } = this;
    const paused = isPaused(env);
    const storage = createDurableStorage(ctx);
    layOutCell(storage);
    const own = placeOwn(env);
    const move = createCellMove({
      ...{ storage, paused, object: (kind, name) => own<MoveRpc>(kind, name) },
      endAll: () => cell.endAll(),
      switchPlacement: async () =>
        void (await env.DB.prepare("UPDATE placement SET placement = 'own' WHERE one = 1 AND placement = 'cell'").run()),
      sync: () => ctx.storage.sync(),
      newId: () => crypto.randomUUID(),
    });
    const cell = createCell({
      storage: createTurnStorage(ctx),
      now: () => Date.now(),
      timers: this.#timers,
      // Not by `waitUntil`: it does not keep an object alive, and a socket's next message waits for all that it was given.
      background: (work) => void work.catch((error: unknown) => console.error(JSON.stringify({ at: "background", error: String(error) }))),
      sync: () => ctx.storage.sync(),
      sockets: (owner) => createDurableSockets(ctx, owner),
      make: (kind, context, place) => this.#makeEndpoint(kind, context, place),
      methods: (kind) => methodsOf.get(kind) ?? [],
      warn,
      failed: (error) => ctx.abort(`the disk failed: ${String(error)}`),
      // Whoever has moved rings in an object of its own.
      paused: paused || move.isFinal(),
    });
    return { cell, move };
  }

  async moveShare(): Promise<CellMove | undefined> {
    return this.#all.move.moveShare();
  }

  #makeEndpoint(kind: ObjectKind, context: ConstructorParameters<EndpointClass>[0], place: Place): object {
    const { env } = this;
    return new classes[kind](context, {
      env,
      near: () => {
        this.#near ??= findNeighbours(env, "", place);
        return this.#near;
      },
    });
  }

  call(kind: ObjectKind, name: string, method: string, given: unknown[]): Promise<unknown> {
    return this.#wave.run(async () => askStored(this.#cell, ({ call }) => call(`${kind}/${name}`, method, given)));
  }

  override async fetch(request: Request): Promise<Response> {
    const owner = request.headers.get(ownerHeader) ?? "";
    return (await askStored(this.#cell, ({ call }) => call(owner, "fetch", [request]))) as Response;
  }

  override async alarm(): Promise<void> {
    if (isPaused(this.env)) return holdAlarm(this.ctx.storage);
    const { cell, move } = this.#all;
    if (!move.isUnderWay()) cell.alarm();
  }

  override webSocketMessage(socket: WebSocket, data: string | ArrayBuffer): Promise<void> {
    return this.#wave.run(() => this.#hand(socket, "webSocketMessage", data));
  }

  override webSocketClose(socket: WebSocket, code: number): Promise<void> {
    return this.#hand(socket, "webSocketClose", code);
  }

  override webSocketError(socket: WebSocket): Promise<void> {
    return this.#hand(socket, "webSocketError");
  }

  /** Hands what happened to a socket to the actor whose it is. */
  async #hand(socket: WebSocket, method: string, ...given: unknown[]): Promise<void> {
    const owner = this.#ownerOf(socket);
    if (owner !== undefined) await this.#cell.call(owner, method, [socket, ...given]);
  }
}
