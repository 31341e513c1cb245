/** Finds what leads back to itself. */

/**
 * Numbers the circles of a graph: two nodes have the same number where each leads to the other. Takes time in line with nodes and
 * edges, and no stack (Tarjan's algorithm, walked by hand).
 */
export function findCircles<Node>(nodes: readonly Node[], next: (node: Node) => readonly Node[]): Map<Node, number> {
  const found = new Map<Node, number>();
  const order = new Map<Node, number>();
  const low = new Map<Node, number>();
  const open: Node[] = [];
  const isOpen = new Set<Node>();
  for (const start of nodes) {
    if (order.has(start)) continue;
    const path: { node: Node; left: Node[] }[] = [];
    const enter = (node: Node): void => {
      order.set(node, order.size);
      low.set(node, order.size - 1);
      open.push(node);
      isOpen.add(node);
      path.push({ node, left: [...next(node)] });
    };
    const lower = (node: Node, to: number): void => void low.set(node, Math.min(low.get(node) ?? to, to));
    enter(start);
    for (let at = path.at(-1); at; at = path.at(-1)) {
      const to = at.left.pop();
      if (to !== undefined) {
        if (!order.has(to)) enter(to);
        else if (isOpen.has(to)) lower(at.node, order.get(to) ?? 0);
        continue;
      }
      path.pop();
      const before = path.at(-1);
      if (before) lower(before.node, low.get(at.node) ?? 0);
      if (low.get(at.node) !== order.get(at.node)) continue;
      for (let node = open.pop(); node !== undefined; node = node === at.node ? undefined : open.pop()) {
        isOpen.delete(node);
        found.set(node, order.get(at.node) ?? 0);
      }
    }
  }
  return found;
}
