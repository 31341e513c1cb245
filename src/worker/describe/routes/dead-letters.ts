/** What the routes of `/v1/dead-letters`, and under their old name, say of themselves. */

import { answers } from "../../../contract/http/answers.ts";
import { bodies } from "../../../contract/http/bodies.ts";
import { deadLetterPlaces } from "../../../contract/http/dead-letter-places.ts";
import { pathParameters, queries } from "../../../contract/http/parameters.ts";
import { idempotent, type RouteDoc } from "../route-doc.ts";

export const deadLetterDocs: RouteDoc[] = deadLetterPlaces.flatMap(({ path, field }, index) =>
  describeAt(path, field).map((doc) => ({
    ...doc,
    ...(index > 0 && { deprecated: true as const, summary: `${doc.summary}; an old name of ${deadLetterPlaces[0].path}` }),
  })),
);

function describeAt(path: string, field: (typeof deadLetterPlaces)[number]["field"]): RouteDoc[] {
  return [
    {
      route: `GET ${path}`,
      tag: "operations",
      summary: "List dead letters, events that could not be run, oldest first",
      callers: "operators",
      query: queries.deadLetters,
      answers: { 200: { description: "A page.", schema: answers[field] } },
    },
    {
      route: `POST ${path}/retry`,
      tag: "operations",
      summary: "Run dead letters again, oldest first, and resume the threads that were suspended for them",
      callers: "admins",
      headers: idempotent,
      body: bodies["POST /v1/dead-letters/retry"],
      answers: {
        202: {
          description: "What was taken, what stays a dead letter and why, and which threads go on; `next` is the `after` of the next page.",
          schema: answers.retried,
        },
      },
    },
    {
      route: `POST ${path}/:id/retry`,
      problems: ["not_allowed_now"],
      path: { id: pathParameters.deadLetter },
      tag: "operations",
      summary: "Run a dead letter again",
      callers: "admins",
      headers: idempotent,
      body: bodies["POST /v1/dead-letters/:id/retry"],
      answers: {
        202: { description: "It was taken.", schema: answers.deadLetter },
      },
    },
    {
      route: `POST ${path}/:id/drop`,
      problems: ["not_allowed_now"],
      path: { id: pathParameters.deadLetter },
      tag: "operations",
      summary: "Give a dead letter up",
      callers: "admins",
      headers: idempotent,
      body: bodies["POST /v1/dead-letters/:id/drop"],
      answers: { 202: { description: "It is gone.", schema: answers.deadLetter } },
    },
  ];
}
