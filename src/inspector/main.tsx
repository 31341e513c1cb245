/** The page's entry. */
import { options, render } from "preact";
import { App } from "./app.tsx";
import { showDeceiving } from "./parts/plain-text.ts";

// In all text, whichever page it is of. What stands in a field to be edited is left as it is.
const before = options.vnode;
options.vnode = (node) => {
  // Preact makes a node of each piece of text, which has no type.
  const { type, props }: { type: unknown; props: unknown } = node;
  if (type === null && typeof props === "string") Object.assign(node, { props: showDeceiving(props) });
  before?.(node);
};

const home = document.getElementById("app");
if (home) render(<App />, home);
