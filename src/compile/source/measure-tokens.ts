/** Measures YAML tokens without recursion, before anything that recurses sees them. */
import type { CST } from "yaml";
import { compileLimits } from "../limits.ts";

/** Nodes of all documents, and where the first one lies that is nested too deep. */
export interface TokenSize {
  nodes: number;
  deepAt: number | undefined;
}

/** Counts nodes and finds the first that is nested deeper than {@link compileLimits.depth}. */
export function measureTokens(tokens: readonly CST.Token[]): TokenSize {
  let nodes = 0;
  let deepAt: number | undefined;
  const open: { token: CST.Token; depth: number }[] = tokens.map((token) => ({ token, depth: 0 }));
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { token, depth } = next;
    nodes += 1;
    if (depth > compileLimits.depth && (deepAt === undefined || token.offset < deepAt)) deepAt = token.offset;
    if (token.type === "document") {
      if (token.value) open.push({ token: token.value, depth });
    } else if ("items" in token) {
      for (const item of token.items) {
        // Commas without items between them are an error each.
        nodes += 1 + item.start.filter((part) => part.type === "comma").length;
        if (item.key) open.push({ token: item.key, depth: depth + 1 });
        if (item.value) open.push({ token: item.value, depth: depth + 1 });
      }
    }
  }
  return { nodes, deepAt };
}

/** Where the quoted scalar begins that ends at an offset; undefined if none does. */
export function findQuoteEndingAt(tokens: readonly CST.Token[], end: number): number | undefined {
  const open: CST.Token[] = [...tokens];
  for (let token = open.pop(); token !== undefined; token = open.pop()) {
    if ((token.type === "double-quoted-scalar" || token.type === "single-quoted-scalar") && token.offset + token.source.length === end)
      return token.offset;
    if (token.type === "document") {
      if (token.value) open.push(token.value);
    } else if ("items" in token) {
      for (const item of token.items) {
        if (item.key) open.push(item.key);
        if (item.value) open.push(item.value);
      }
    }
  }
  return undefined;
}
