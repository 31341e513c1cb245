/** What a route says of itself, beside its own schemas: enough to describe the API without writing any of it twice. */
import type { z } from "zod";
import type { ParameterMap, Query } from "../../contract/http/parameter.ts";
import { headerParameters } from "../../contract/http/parameters.ts";
import type { ProblemCode } from "../../contract/problem.ts";

/** Who may call: anybody, any token's holder, operators, or operators who may change things. */
export type Callers = "anybody" | "everyone" | "operators" | "admins";

/** One answer of a route. */
export interface AnswerDoc {
  description: string;
  /** Of a JSON body. */
  schema?: z.ZodType;
  /** Of a body that is no JSON, e.g. `text/event-stream`. */
  type?: string;
  /** What it may be instead, by media type; null: text. */
  also?: { [type: string]: z.ZodType | null };
}

export interface RouteDoc {
  /** As in the code: `GET /v1/threads/:id`. */
  route: string;
  tag: string;
  /** What it does, in one line. */
  summary: string;
  callers: Callers;
  /** What stands in its path, by name. */
  path?: ParameterMap;
  /** What the route parses its query by. */
  query?: Query;
  headers?: ParameterMap;
  /** The schema that the route parses its body with, and the media types that it takes; JSON unless told. */
  body?: { schema?: z.ZodType; types?: string[]; required?: boolean };
  /** It is an old name of another route. */
  deprecated?: true;
  answers: { [status: number]: AnswerDoc };
  /** Problems beyond those that {@link listProblems} finds. */
  problems?: ProblemCode[];
}

/** Of an order that is sent again if its answer is lost. */
export const idempotent = { "Idempotency-Key": headerParameters["Idempotency-Key"] } satisfies ParameterMap;

/** Of a stream to which its reader comes back. */
export const lastEventId = { "Last-Event-ID": headerParameters["Last-Event-ID"] } satisfies ParameterMap;
