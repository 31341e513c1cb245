/** Which admin token the Worker gets. One that is there is not replaced unless somebody says so, and one that was made is never lost. */
import { randomBytes } from "node:crypto";
import { DeployError } from "./deploy-error.ts";
import { deployLimits } from "./limits.ts";

/** What is known of it. */
export interface TokenFacts {
  /** By option, file or variable. */
  given: string | undefined;
  /** In the profile, of a deploy that came to its end. */
  kept: string | undefined;
  /** In the profile, of one that did not: it may be the Worker's by now. */
  pending: string | undefined;
  /** Whether the Worker has one. */
  deployed: boolean;
  /** Whether one that the Worker has is to be replaced. */
  rotate: boolean;
  /** Asks a person for one, who may give none; undefined: nobody is there. */
  ask: (() => Promise<string>) | undefined;
  /** Whether one may be made without asking. */
  make: boolean;
}

/** What becomes of it. */
export interface TokenPlan {
  /** The token, as far as it is known here. */
  token: string | undefined;
  /** Whether it goes up with the code. */
  set: boolean;
  /** Whether nobody knows it but this run. */
  made: boolean;
  /** For people. */
  because: string;
}

/** @throws {DeployError} `admin_token_needed` when nobody is there to be asked, `admin_token_unusable` */
export async function settleAdminToken(facts: TokenFacts): Promise<TokenPlan> {
  const { given, kept, pending, deployed, rotate } = facts;
  if (given !== undefined) checkToken(given);
  if (deployed && !rotate) {
    if (pending !== undefined && (given ?? pending) === pending)
      return { token: pending, set: true, made: false, because: "that of the deploy that did not come to its end" };
    if (given !== undefined) return { token: given, set: false, made: false, because: "the Worker keeps the one that it has" };
    return {
      token: kept,
      set: false,
      made: false,
      because: kept === undefined ? "the Worker's own, which is not known here" : "that of the profile",
    };
  }
  if (given !== undefined) return { token: given, set: true, made: false, because: "the one that was given" };
  if (pending !== undefined) return { token: pending, set: true, made: false, because: "that of the deploy that did not come to its end" };
  // A Worker that was deleted is made again with the token that its operators have.
  if (!deployed && kept !== undefined) return { token: kept, set: true, made: false, because: "that of the profile" };
  if (facts.make) return makeToken();
  if (facts.ask === undefined) {
    throw new DeployError(
      "admin_token_needed",
      rotate && deployed
        ? "--rotate-token replaces the admin token, and nobody is here to be asked for another."
        : "The Worker needs an admin token, and nobody is here to be asked for one.",
      "Set NERVEFLARE_ADMIN_TOKEN, name a file with --admin-token-file, or let one be made with --yes: the profile keeps it.",
    );
  }
  const answer = (await facts.ask()).trim();
  if (answer === "") return makeToken();
  checkToken(answer);
  return { token: answer, set: true, made: false, because: "the one that was given" };
}

function makeToken(): TokenPlan {
  return { token: randomBytes(32).toString("base64url"), set: true, made: true, because: "made now" };
}

/** @throws {DeployError} `admin_token_unusable` */
function checkToken(token: string): void {
  const { fewest, most } = deployLimits.tokenLength;
  if (/^[\x21-\x7e]+$/.test(token) && token.length >= fewest && token.length <= most) return;
  throw new DeployError(
    "admin_token_unusable",
    `The admin token that was given is none: it takes ${fewest} to ${most} printable characters without spaces.`,
    "Make one with `openssl rand -hex 32`, or let one be made.",
  );
}
