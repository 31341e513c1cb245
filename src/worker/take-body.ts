/** A route's JSON body, as the contract declares it. */
import { type BodyOf, type BodyRoute, bodies } from "../contract/http/bodies.ts";
import { parseInput } from "./parse-input.ts";
import { readJson } from "./read-body.ts";

/**
 * Reads and parses the body of a call.
 * @throws ProblemError `malformed`, with the route and each fault; `too_large`
 */
export async function takeBody<R extends BodyRoute>(request: Request, route: R): Promise<BodyOf<R>> {
  const { schema, bytes, required } = bodies[route];
  const json = await readJson(request, bytes);
  return parseInput(schema, required ? json : (json ?? {}), `body of ${route}`) as BodyOf<R>;
}
