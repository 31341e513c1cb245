/** What a command that an explanation ends in does on the page. */

export type ThreadAction =
  | { do: "resume" | "suspend" | "cancel" | "restart" }
  | { do: "role"; role: string }
  /** Another page has it. */
  | { do: "open"; path: string; label: string }
  /** The shell alone has it. */
  | { do: "copy" };

/** @param command as `run` of an explanation has it, e.g. `nerveflare resume t1` */
export function readAction(command: string): ThreadAction {
  const [, name = "", ...words] = command.split(" ");
  const [first = "", second = ""] = words;
  const open = (path: string, label: string): ThreadAction => ({ do: "open", path, label });
  switch (name) {
    case "resume":
    case "suspend":
    case "cancel":
    case "restart":
      return { do: name };
    case "threads":
      if (first === "role") return { do: "role", role: words[2] ?? "" };
      if (first === "--workflow") return open(`/ui/threads?workflow=${encodeURIComponent(second)}`, `See the threads of ${second}`);
      return first === "show" ? open(`/ui/threads/${encodeURIComponent(second)}`, "Show the thread") : { do: "copy" };
    case "explain":
      return open(`/ui/threads/${encodeURIComponent(first)}`, `Look at ${first}`);
    case "agents":
      return first === "show"
        ? open(`/ui/agents/${encodeURIComponent(second)}`, `Look at ${second}`)
        : open("/ui/agents", "See all agents");
    case "unpause":
      return open(`/ui/workflows/${encodeURIComponent(first)}`, `Open ${first}, where it is unpaused`);
    default:
      return { do: "copy" };
  }
}
