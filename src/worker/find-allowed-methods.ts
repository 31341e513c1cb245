/** Which methods a path takes, for telling a wrong method from a wrong path. */
import { type ListedRoute, matchesPath } from "./match-route.ts";

/** @param routes as Hono lists them; a path's segments are literal or `:name` */
export function findAllowedMethods(routes: ListedRoute[], path: string): string[] {
  const asked = path.split("/");
  const methods = routes
    .filter((route) => route.method !== "ALL" && matchesPath(route.path.split("/"), asked))
    .map((route) => route.method);
  return [...new Set(methods)].sort();
}
