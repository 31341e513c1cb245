/** What can be seen to be wrong with an agent's options before anything is tried: said at once, instead of trying in vain for ever. */
import { ClientError } from "./client-error.ts";
import type { TurnHandlers } from "./handlers.ts";
import type { GetToken } from "./token.ts";
import type { TypedWorkflows } from "./workflow-types.ts";

/** The options that can be judged by themselves. */
interface Judged {
  url: string;
  token: string | GetToken | undefined;
  slots?: number;
  onTurn?: TurnHandlers;
  workflows?: TypedWorkflows;
}

/**
 * Checks them.
 * @returns the token
 * @throws ClientError `invalid_options`, with what to give instead
 */
export function checkOptions({ url, token, slots = 1, onTurn, workflows = [] }: Judged): string | GetToken {
  const protocol = readProtocol(url);
  if (protocol !== "http:" && protocol !== "https:") {
    throw refuse(`\`url\` is ${show(url)}; give the server's address with its scheme, such as https://nerveflare.example.com`);
  }
  if ((typeof token !== "string" && typeof token !== "function") || token === "") {
    throw refuse(
      "there is no `token`; give the agent's, which `nerveflare agents add <id>` shows once. Is the variable set that it comes from?",
    );
  }
  if (typeof token === "string" && !/^[\x21-\x7e]+$/.test(token)) {
    throw refuse("the `token` has a space, a line break or another letter in it that no token has; trim what was read from a file");
  }
  if (!Number.isSafeInteger(slots) || slots < 0) throw refuse(`\`slots\` is ${show(slots)}; give a whole number from 0 up`);
  if (!Array.isArray(workflows) || !workflows.every(isTyped))
    throw refuse("`workflows` takes a list of the constants that `nerveflare types` writes; turns come without them too");
  if (typeof onTurn !== "object") return token;
  for (const key of Object.keys(onTurn)) {
    if (key !== "*" && !key.includes("/")) {
      throw refuse(
        `\`onTurn\` has a handler for ${show(key)}, which no turn would find; write "workflow/role", "workflow/*", "*/role" or "*"`,
      );
    }
  }
  return token;
}

/** From JavaScript anything may come. */
function isTyped(workflow: Partial<TypedWorkflows[number]> | null): boolean {
  return typeof workflow?.name === "string" && typeof workflow.fingerprints?.roles === "object";
}

function readProtocol(url: unknown): string | undefined {
  return typeof url === "string" && URL.canParse(url) ? new URL(url).protocol : undefined;
}

const show = (value: unknown): string => (typeof value === "string" ? JSON.stringify(value) : String(value));

const refuse = (message: string): ClientError => new ClientError("invalid_options", message);
