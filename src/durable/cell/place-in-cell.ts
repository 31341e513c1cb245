/** How whoever is outside of a cell reaches the actors in it. Knows no cell but by its calls. */
import type { CellMove } from "../../contract/views/placement.ts";
import type { ObjectKind, Place } from "../place.ts";

/** The name of a deployment's one cell. */
export const theCell = "cell";

/** Whom a request is for that goes to a cell: set by us, over whatever a caller put there. */
export const ownerHeader = "x-nerveflare-owner";

/** What a cell answers to. */
export interface CellRpc {
  /** Calls a method of the actor's. */
  call(kind: ObjectKind, name: string, method: string, given: unknown[]): Promise<unknown>;
  /** A request with {@link ownerHeader}: a socket's or a stream's. */
  fetch(request: Request): Promise<Response>;
  /** Moves a share of the actors to objects of their own. @returns how far it is; undefined: the cell is not paused yet */
  moveShare(): Promise<CellMove | undefined>;
}

/** @param find the cell's stub, made at each call: one that failed is of no more use */
export function placeInCell(find: () => CellRpc): Place {
  return <Rpc>(kind: ObjectKind, name: string): Rpc =>
    new Proxy(
      {},
      {
        get(_, method) {
          // It is no promise, whoever awaits it.
          if (typeof method !== "string" || method === "then") return undefined;
          if (method === "fetch") return (request: Request) => find().fetch(address(request, kind, name));
          return (...given: unknown[]) => find().call(kind, name, method, given);
        },
      },
    ) as Rpc;
}

function address(request: Request, kind: ObjectKind, name: string): Request {
  const headers = new Headers(request.headers);
  headers.set(ownerHeader, `${kind}/${name}`);
  return new Request(request, { headers });
}
