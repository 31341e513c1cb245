/** What an address shows, in the words of a browser's tab. */

const threads: [list: string, one: string] = ["Threads", "thread"];
const names: { [page: string]: [list: string, one: string] } = {
  workflows: ["Workflows", "workflow"],
  agents: ["Agents", "agent"],
  events: ["Events", "event"],
  board: ["Board", "board"],
  turns: ["My turns", "turn"],
};

/** @param path such as `/ui/agents/bob` */
export function namePage(path: string): string {
  const [, , page = "", first, second] = path.split("/");
  const [list, one] = names[page] ?? threads;
  if (first === undefined || first === "") return `${list} · nerveflare`;
  // Of a turn the thread comes first, and the role tells more.
  return `${decode(second ?? first)}, ${one} · nerveflare`;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
