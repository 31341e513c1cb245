/** Finds which route a path is of, by the patterns that Hono lists. Knows no handler. */

/** A route as Hono lists it; middleware has the method `ALL`. */
export interface ListedRoute {
  method: string;
  path: string;
}

/** The pattern of the route that takes this, and what stands for its names, in their order. */
export interface MatchedRoute {
  pattern: string;
  parameters: string[];
}

/** Undefined: no route takes it. */
export function matchRoute(routes: ListedRoute[], method: string, path: string): MatchedRoute | undefined {
  const asked = path.split("/");
  // What is literal comes before what is named, as in Hono where it was added first.
  const found = routes
    .filter((route) => route.method === method && matchesPath(route.path.split("/"), asked))
    .toSorted((a, b) => countNames(a.path) - countNames(b.path))[0];
  if (!found) return undefined;
  const parameters = asked.filter((_, index) => found.path.split("/")[index]?.startsWith(":")).map(decodeSegment);
  return { pattern: found.path, parameters };
}

/** @param pattern segments, literal or `:name` */
export function matchesPath(pattern: string[], asked: string[]): boolean {
  return (
    pattern.length === asked.length &&
    pattern.every((segment, index) => segment === asked[index] || (segment.startsWith(":") && asked[index] !== ""))
  );
}

function countNames(pattern: string): number {
  return pattern.split("/").filter((segment) => segment.startsWith(":")).length;
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
