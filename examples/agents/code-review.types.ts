// Made by `nerveflare types`: `nerveflare types ../../workflows/code-review.yaml --out code-review.types.ts --import ./client.ts`
// Do not edit: change the workflow, and run that again.
/* eslint-disable */
import type { Json, Suspension, TypedStep, TypedTurn, TypedWorkflow } from "./client.ts";

/** What `reviewer` answers. */
export type ReviewerOutput =
  | {
      $status: "approved";
      summary: string;
      [field: string]: unknown;
    }
  | {
      $status: "changes_requested";
      changes: string[];
      [field: string]: unknown;
    };

/** The statuses of `reviewer`. */
export type ReviewerStatus = "approved" | "changes_requested";

/** A turn of `reviewer`. Reads the diff and decides. */
export type ReviewerTurn = TypedTurn<"code-review", "reviewer", StartData, LastStep>;

/** What `author` answers. */
export type AuthorOutput =
  | {
      $status: "updated";
      note: string;
      [field: string]: unknown;
    }
  | {
      $status: "withdrawn";
      reason: string;
      [field: string]: unknown;
    };

/** The statuses of `author`. */
export type AuthorStatus = "updated" | "withdrawn";

/** A turn of `author`. Owns the pull request. */
export type AuthorTurn = TypedTurn<"code-review", "author", StartData, LastStep>;

/** The data of the event that starts a thread. */
export type StartData = {
  repo: string;
  pr: number;
  title?: string | undefined;
  [field: string]: unknown;
};

/** The step before a turn. */
export type LastStep = TypedStep<"reviewer", ReviewerOutput> | TypedStep<"author", AuthorOutput>;

/** Events that start a thread, by kind. */
export interface Starts {
  "pr.ready_for_review": StartData;
}

/** Events that cancel, suspend or resume a thread, by kind. */
export interface Signals {
  "pr.closed": Json;
}

/** Events that the workflow sends, by kind. */
export interface Emits {
  "review.approved": {
    summary: string;
  };
  "review.withdrawn": {
    reason: string;
  };
}

/** Author and a recruited reviewer iterate on a pull request until it is approved or abandoned. */
export interface CodeReview {
  name: "code-review";
  roles: {
    reviewer: { turn: ReviewerTurn; output: ReviewerOutput | Suspension };
    author: { turn: AuthorTurn; output: AuthorOutput | Suspension };
  };
  starts: Starts;
}

/** The workflow code-review, for `workflows` of `connectAgent`. */
export const codeReview: TypedWorkflow<CodeReview> = {
  name: "code-review",
  command: "nerveflare types ../../workflows/code-review.yaml --out code-review.types.ts --import ./client.ts",
  fingerprints: {
    input: "aa72b10697b6ed3a",
    roles: {
      reviewer: "d8c5a66209be024c",
      author: "62d9d6b9bd208030",
    },
  },
};
