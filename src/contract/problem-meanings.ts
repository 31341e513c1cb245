/** What each problem means and what to do about it, for people: apart from the codes, which clients carry. */
import * as z from "zod";
import { type Problem, type ProblemCode, problemCodes } from "./problem.ts";
import { deadLetterCodes, deliveryRefusals } from "./refusals.ts";

/** What has happened, and what the caller does. A code without a line here does not compile. */
export const problemMeanings: Readonly<Record<ProblemCode, { meaning: string; do: string }>> = {
  malformed: { meaning: "The request, or the event, is not of the shape asked for; `errors` names each fault.", do: "Mend it." },
  unknown_kind: { meaning: "Nobody may send events of this kind.", do: "Mend it." },
  source_mismatch: { meaning: "The event claims another source than its token's.", do: "Leave `source` out." },
  unauthenticated: { meaning: "The token, ticket or code is missing, wrong, or good no more.", do: "Stop, and ask the operator." },
  forbidden: { meaning: "The token is good, and does not grant this.", do: "Stop, and ask the operator." },
  not_found: { meaning: "There is no such thing, or it is not the caller's to see.", do: "Drop it." },
  id_conflict: { meaning: "The event id, or the idempotency key, came before with another body.", do: "Take a new one for what is new." },
  stale_lease: { meaning: "The role was taken from this holder.", do: "Drop the work." },
  turn_over: { meaning: "The turn has ended.", do: "Drop the work." },
  offer_closed: { meaning: "The offer is filled, expired or withdrawn.", do: "Drop the claim." },
  already_exists: { meaning: "There is one of that name.", do: "Change that one, or take another name." },
  output_invalid: {
    meaning: "The output is not of the role's schema; `errors` names each fault, `left` says how many tries are left.",
    do: "Answer again; the third invalid answer ends the turn as `$FAILED`.",
  },
  workflow_invalid: { meaning: "The workflow file has errors; `diagnostics` lists them.", do: "Mend the file." },
  too_large: { meaning: "It is larger than `limit`.", do: "Send less." },
  not_allowed_now: { meaning: "What it is about is in a state in which this makes no sense.", do: "Look at its state." },
  method_not_allowed: { meaning: "The address takes other methods; `Allow` lists them.", do: "Mend it." },
  mapping_failed: {
    meaning: "The map of an incoming hook failed, or made no event that may be taken.",
    do: "Mend the map, and have the delivery sent again: `nerveflare hooks test` tries it.",
  },
  origin_not_allowed: {
    meaning: "Web pages of this origin may not call the server.",
    do: "Ask the operator to add the origin to `NERVEFLARE_ORIGINS`.",
  },
  upload_offset: {
    meaning: "The bytes are not those that the upload goes on with; `offset` says where it goes on.",
    do: "Send what comes from there.",
  },
  hash_mismatch: {
    meaning: "What was uploaded is not what its hash says. Nothing of it is kept.",
    do: "Compute the hash again, and upload it anew.",
  },
  artifact_unknown: {
    meaning: "An artifact that is named is not there, or not the sender's to name; `artifacts` lists them.",
    do: "Upload it, then send the event again under a new id.",
  },
  storage_full: {
    meaning: "There is no room for the artifact: of the server's, the thread's, or the caller's.",
    do: "Tell the operator, or wait.",
  },
  rate_limited: { meaning: "Too many requests or events.", do: "Send the same, under the same id, after `Retry-After`." },
  unavailable: { meaning: "What is needed cannot be reached now.", do: "Send the same, under the same id, after `Retry-After`." },
  starting: { meaning: "The server has just started, and is not ready.", do: "Send the same, under the same id, after `Retry-After`." },
  mailbox_full: {
    meaning: "The receiver has too much that is not acknowledged.",
    do: "Send the same, under the same id, after `Retry-After`.",
  },
  bug: { meaning: "The server is at fault.", do: "Tell who runs it." },
};

/** A problem as it travels. */
export const problemView = z
  .object({
    type: z.string().describe("A URI that names the code."),
    title: z.string(),
    status: z.int(),
    detail: z.string().describe("What happened and what to do."),
    code: z
      .enum(Object.keys(problemCodes) as [ProblemCode, ...ProblemCode[]])
      .describe((Object.keys(problemCodes) as ProblemCode[]).map((code) => `\`${code}\`: ${problemMeanings[code].meaning}`).join("\n")),
    nrv: z.string().regex(/^NRV\d{4}$/),
    retryable: z.boolean().describe("Whether the same, under the same id, may be sent again."),
    retryAfter: z.number().optional().describe("Seconds."),
  })
  .catchall(z.json()) as z.ZodType<Problem>;

function renderCodes(codes: Readonly<Record<string, string>>): string {
  const rows = Object.entries(codes).map(([code, meaning]) => `| \`${code}\` | ${meaning} |`);
  return ["| code | what it means |", "|---|---|", ...rows].join("\n");
}

/** docs/problems.md. */
export function renderProblems(): string {
  const rows = (Object.keys(problemCodes) as ProblemCode[]).map((code) => {
    const { status, nrv, retryable } = problemCodes[code];
    const { meaning, do: then } = problemMeanings[code];
    return `| \`${code}\` | ${status} | NRV${nrv} | ${retryable ? "yes" : "no"} | ${meaning} | ${then} |`;
  });
  return `# Problems

What a refusal says, on every transport: the body of an HTTP error (\`application/problem+json\`, RFC 9457), the \`error\` of a socket's \`rejected\` frame, the \`error\` of
a batch's entry. \`code\` is the identity; \`detail\` says what happened and what to do; *again* is \`retryable\`: whether the same may be sent again as it is.

| code | HTTP | number | again | what it means | what to do |
|---|---|---|---|---|---|
${rows.join("\n")}

## What a mailbox refused

The \`code\` of \`nerve.delivery.refused\`, and of a delivery that \`GET /v1/events/:id\` shows as \`refused\`: the agent will never have the event.

${renderCodes(deliveryRefusals)}

## Dead letters

The \`code\` of an event that could not be run, as \`GET /v1/dead-letters\` lists it: an operator runs it again or drops it. One that
another version wrote may have a code that is not here.

${renderCodes(deadLetterCodes)}
`;
}
