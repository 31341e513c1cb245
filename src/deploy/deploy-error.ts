/** Why a deploy did not come to its end. */

/** What a program may act on. */
export type DeployCode =
  | "account_unclear"
  | "admin_token_differs"
  | "admin_token_needed"
  | "admin_token_unusable"
  | "address_unknown"
  | "bad_setting"
  | "bundle_too_large"
  | "database_elsewhere"
  | "database_limit"
  | "domain_taken"
  | "email_unverified"
  | "environment_unknown"
  | "folder_unwritable"
  | "logged_out"
  | "network"
  | "no_rights"
  | "not_ready"
  | "placement_differs"
  | "profile_taken"
  | "subdomain_missing"
  | "worker_taken"
  | "wrangler_failed"
  | "wrangler_missing"
  | "wrangler_old"
  | "zone_missing";

/** `message` says what happened, `hint` what to do. Whatever was done before it stays, and the next run goes on from there. */
export class DeployError extends Error {
  readonly code: DeployCode;
  readonly hint: string;

  constructor(code: DeployCode, message: string, hint: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = "DeployError";
    this.code = code;
    this.hint = hint;
  }
}

/** The last sentence of a hint. */
export const runAgain = "Then run the same command again: it goes on.";
