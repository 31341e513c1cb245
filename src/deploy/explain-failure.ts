/** What a failed run of Wrangler means, and what to do about it. */
import { type DeployCode, DeployError, runAgain } from "./deploy-error.ts";
import type { WranglerRun } from "./wrangler.ts";

/** What was being done. */
export type DeployStep = "account" | "secrets" | "database" | "migrations" | "bucket" | "upload";

/** The permissions of an API token, each as the dashboard names it. */
const permissions: Record<DeployStep, string> = {
  account: "User · User Details · Read and User · Memberships · Read",
  secrets: "Account · Workers Scripts · Edit",
  database: "Account · D1 · Edit",
  migrations: "Account · D1 · Edit",
  bucket: "Account · Workers R2 Storage · Edit",
  upload: "Account · Workers Scripts · Edit, and for a custom domain Zone · Workers Routes · Edit and Zone · Zone · Read",
};

const doing: Record<DeployStep, string> = {
  account: "finding out whose account it is",
  secrets: "looking for the admin token",
  database: "looking for the database",
  migrations: "migrating the database",
  bucket: "looking for the bucket for artifacts",
  upload: "deploying the Worker",
};

const logIn =
  "Run `npx wrangler login`, or set CLOUDFLARE_API_TOKEN to a token made at https://dash.cloudflare.com/profile/api-tokens " +
  "by the template “Edit Cloudflare Workers”, with Account · D1 · Edit added.";

/** Signs of what went wrong, in the order in which they are looked for: the surest first. */
const signs: readonly {
  pattern: RegExp;
  code: DeployCode;
  message: (step: DeployStep) => string;
  hint: (step: DeployStep, said: string) => string;
}[] = [
  {
    pattern: /necessary to set a CLOUDFLARE_API_TOKEN|not (logged in|authenticated)|"loggedIn": ?false/,
    code: "logged_out",
    message: () => "Wrangler is not logged in to Cloudflare.",
    hint: () => logIn,
  },
  {
    pattern: /code: (6003|6111|1000|1001)\]|Invalid API Token|Invalid access token|Invalid request headers/,
    code: "logged_out",
    message: () => "Cloudflare does not know this API token: it is mistyped, expired or deleted.",
    hint: () => logIn,
  },
  {
    pattern: /workers\.dev subdomain|workers\/onboarding|code: 10063\]/,
    code: "subdomain_missing",
    message: () => "The account has no workers.dev subdomain yet, on which the Worker would answer.",
    hint: (_, said) =>
      `Choose one at ${/https:\/\/dash\.cloudflare\.com\/\S+\/workers\/onboarding/.exec(said)?.[0] ?? "https://dash.cloudflare.com, Workers & Pages"}, or give a domain of yours with --domain. ${runAgain}`,
  },
  {
    pattern: /code: 10034\]|verify your email/i,
    code: "email_unverified",
    message: () => "The account's e-mail address is not verified, so it may have no Workers.",
    hint: () => `Follow the link that Cloudflare has sent to it. ${runAgain}`,
  },
  {
    pattern: /maximum number of D1 databases|code: 7406\]/,
    code: "database_limit",
    message: () => "The account has as many D1 databases as its plan allows.",
    hint: () =>
      `Delete one that nobody needs (\`npx wrangler d1 list\`, \`npx wrangler d1 delete NAME\`), or take the paid plan. ${runAgain}`,
  },
  {
    pattern: /required secrets have not been set/,
    code: "admin_token_needed",
    message: () => "The Worker has no admin token, and none was given.",
    hint: () => "Give one with NERVEFLARE_ADMIN_TOKEN or --admin-token-file, or let one be made with --yes.",
  },
  {
    pattern: /externally managed DNS|already (in use|has .*DNS records)|code: 100117\]|Custom Domain already/i,
    code: "domain_taken",
    message: () => "The domain has a DNS record already, or belongs to another Worker.",
    hint: () => `Remove the record in the zone's DNS settings, or give another --domain. ${runAgain}`,
  },
  {
    pattern: /[Cc]ould not find zone|zone_id|is not a zone|code: 10082\]/,
    code: "zone_missing",
    message: () => "The domain's zone is not in this account.",
    hint: () => `Add the zone to the account, or give a domain of a zone that is there. ${runAgain}`,
  },
  {
    pattern: /code: (10000|9109|9103|10001|7403|10023)\]|Authentication error|not authorized|Unauthorized/,
    code: "no_rights",
    message: (step) => `Cloudflare refuses ${doing[step]}: the token or the login lacks a right.`,
    hint: (step) => `It needs ${permissions[step]}: https://dash.cloudflare.com/profile/api-tokens. ${runAgain}`,
  },
  {
    pattern: /fetch failed|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|getaddrinfo|network is unreachable/i,
    code: "network",
    message: (step) => `The network failed while ${doing[step]}.`,
    hint: () => `See whether https://api.cloudflare.com can be reached from here; HTTPS_PROXY names a proxy. ${runAgain}`,
  },
];

/**
 * Makes an error of a run that failed.
 * @param hide texts that must not be shown
 */
export function explainFailure(step: DeployStep, { said, code }: WranglerRun, hide: readonly string[]): DeployError {
  const sign = signs.find(({ pattern }) => pattern.test(said));
  const shown = shorten(said, hide);
  if (sign) return new DeployError(sign.code, sign.message(step), `${sign.hint(step, said)}${shown && `\nWrangler said:\n${shown}`}`);
  const ended = code === null ? "did not come to an end" : `ended with ${code}`;
  return new DeployError("wrangler_failed", `Wrangler ${ended} while ${doing[step]}.`, `${shown}\n${runAgain.replace("Then run", "Run")}`);
}

/** The last lines that say something, without secrets, stacks and Wrangler's own advertisements. */
function shorten(said: string, hide: readonly string[]): string {
  const clean = hide.filter((text) => text !== "").reduce((text, secret) => text.replaceAll(secret, "…"), said);
  return clean
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !/^at |Logs were written|^\{"type"|report a bug|^📎|Please ensure it has|--temporary/.test(line))
    .slice(-8)
    .map((line) => `  ${line.slice(0, 300)}`)
    .join("\n");
}
