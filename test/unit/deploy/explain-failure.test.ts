/** What Wrangler says when it fails, as it says it, and what a deploy makes of that. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { DeployCode } from "../../../src/deploy/deploy-error.ts";
import { type DeployStep, explainFailure } from "../../../src/deploy/explain-failure.ts";
import { root } from "./scripted-wrangler.ts";

const explain = (step: DeployStep, said: string, hide: string[] = []) =>
  explainFailure(step, { code: 1, stdout: "", said, records: [] }, hide);

test.for<[DeployCode, DeployStep, string]>([
  ["logged_out", "account", '{"loggedIn":false}'],
  [
    "logged_out",
    "database",
    "In a non-interactive environment, it's necessary to set a CLOUDFLARE_API_TOKEN environment variable for wrangler to work.",
  ],
  ["logged_out", "account", "A request to the Cloudflare API (/accounts) failed.\n  Invalid access token [code: 9109]"],
  ["logged_out", "account", "Invalid request headers [code: 6003]"],
  ["no_rights", "database", "A request to the Cloudflare API (/accounts/a/d1/database) failed.\n  Authentication error [code: 10000]"],
  ["no_rights", "upload", "Unauthorized to access requested resource [code: 9109]"],
  ["no_rights", "migrations", "The given account is not valid or is not authorized to access this service [code: 7403]"],
  [
    "subdomain_missing",
    "upload",
    "You need to register a workers.dev subdomain before publishing to workers.dev\nhttps://dash.cloudflare.com/a/workers/onboarding",
  ],
  ["email_unverified", "upload", "You need to verify your email address to use Workers. [code: 10034]"],
  ["database_limit", "database", "You have reached the maximum number of D1 databases for your account."],
  ["admin_token_needed", "upload", "The following required secrets have not been set: NERVEFLARE_ADMIN_TOKEN"],
  ["domain_taken", "upload", "Hostname 'a.b' already has externally managed DNS records (A, CNAME, etc). [code: 100117]"],
  ["zone_missing", "upload", "Could not find zone for `a.b`. Make sure the domain is set up to be proxied by Cloudflare."],
  ["network", "account", "fetch failed"],
  ["network", "upload", "getaddrinfo EAI_AGAIN api.cloudflare.com"],
  ["wrangler_failed", "upload", "Uncaught Error: something else [code: 10021]"],
])("[DEPLOY11] %s at %s", ([code, step, said]) => {
  const error = explain(step, said);
  expect(error.code).toBe(code);
  expect(error.message).toMatch(/^[A-Z].*\.$/);
  expect(error.hint.length).toBeGreaterThan(20);
});

test("[DEPLOY11] a failure shows the end of what was said, without secrets and stacks", () => {
  const lines = Array.from({ length: 40 }, (_, index) => `line ${index}`);
  const said = [...lines, "the token is s3cret-of-mine", "    at throwFetchError (/x/cli.js:1:2)", "x".repeat(5_000)].join("\n");
  const { hint } = explain("upload", said, ["s3cret-of-mine", ""]);
  expect(hint).toContain("the token is …");
  expect(hint).not.toContain("s3cret");
  expect(hint).not.toContain("throwFetchError");
  expect(hint).not.toContain("line 20");
  expect(hint.length).toBeLessThan(1_000);
});

test("[DEPLOY11] docs/deploy.md says what to do about each code, and knows no other", () => {
  const source = readFileSync(join(root, "src/deploy/deploy-error.ts"), "utf8");
  const codes = [...source.matchAll(/^ {2}\| "(\w+)"/gm)].map(([, code]) => code);
  const [, table = ""] = readFileSync(join(root, "docs/deploy.md"), "utf8").split("## When it says …");
  const told = [...table.matchAll(/^\| (.+?) \|/gm)].flatMap(([, cell = ""]) => [...cell.matchAll(/`(\w+)`/g)].map(([, code]) => code));
  expect(codes.length).toBeGreaterThan(15);
  expect(told.toSorted()).toEqual(codes.toSorted());
});
