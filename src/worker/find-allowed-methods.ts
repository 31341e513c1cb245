/** Which methods a path takes, for telling a wrong method from a wrong path. */

/** @param routes as Hono lists them; a path's segments are literal or `:name` */
export function findAllowedMethods(routes: { method: string; path: string }[], path: string): string[] {
  const asked = path.split("/");
  const methods = routes
    .filter((route) => route.method !== "ALL" && matchesPath(route.path.split("/"), asked))
    .map((route) => route.method);
  return [...new Set(methods)].sort();
}

function matchesPath(pattern: string[], asked: string[]): boolean {
  return (
    pattern.length === asked.length &&
    pattern.every((segment, index) => segment === asked[index] || (segment.startsWith(":") && asked[index] !== ""))
  );
}
