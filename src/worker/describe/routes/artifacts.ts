/** What the routes of artifacts say of themselves. */
import { answers } from "../../../contract/http/answers.ts";
import { headerParameters, pathParameters, queries } from "../../../contract/http/parameters.ts";
import type { RouteDoc } from "../route-doc.ts";

const tag = "artifacts";
const artifact = { artifact: pathParameters.artifact };
const upload = { upload: pathParameters.upload };
const content = { types: ["application/octet-stream"], required: false };

/** Where the server's account has no R2. */
const absent = "not_allowed_now" as const;

export const artifactDocs: RouteDoc[] = [
  {
    route: "POST /v1/artifacts",
    tag,
    summary: "Upload an artifact, or begin to: in parts, from where a broken line left off",
    callers: "everyone",
    headers: {
      "Upload-Complete": headerParameters["Upload-Complete"],
      "Upload-Length": headerParameters["Upload-Length"],
      "Repr-Digest": headerParameters["Repr-Digest"],
      "Content-Disposition": headerParameters["Content-Disposition"],
    },
    body: content,
    problems: [absent, "hash_mismatch", "storage_full", "upload_offset", "not_found"],
    answers: {
      201: { description: "The artifact; or, of `Upload-Complete: ?0`, an upload at `Location` to go on with.", schema: answers.artifact },
    },
  },
  {
    route: "GET /v1/artifacts",
    tag,
    summary: "List what a thread refers to, or what the caller brought within a day; an operator sees all",
    callers: "everyone",
    query: queries.artifacts,
    problems: [absent, "not_found"],
    answers: { 200: { description: "A page, newest first.", schema: answers.artifacts } },
  },
  {
    route: "GET /v1/artifacts/:artifact",
    path: artifact,
    tag,
    summary: "An artifact's content, whole or a range of it",
    callers: "everyone",
    headers: { Range: headerParameters.Range },
    problems: [absent],
    answers: {
      200: { description: "All of it.", type: "application/octet-stream" },
      206: { description: "The range.", type: "application/octet-stream" },
      304: { description: "The caller has it: `If-None-Match`." },
      416: { description: "There are no such bytes; `Content-Range` says how many there are." },
    },
  },
  {
    route: "GET /v1/artifacts/:artifact/facts",
    path: artifact,
    tag,
    summary: "What is known of an artifact",
    callers: "everyone",
    problems: [absent],
    answers: { 200: { description: "The artifact.", schema: answers.artifactFacts } },
  },
  {
    route: "GET /v1/uploads/:upload",
    path: upload,
    tag,
    summary: "How far an upload has come: `Upload-Offset`; usually asked by HEAD",
    callers: "everyone",
    problems: [absent],
    answers: { 204: { description: "It goes on at `Upload-Offset`." } },
  },
  {
    route: "PATCH /v1/uploads/:upload",
    path: upload,
    tag,
    summary: "Send more of an upload, or its end",
    callers: "everyone",
    headers: {
      "Upload-Offset": { ...headerParameters["Upload-Offset"], required: true },
      "Upload-Complete": headerParameters["Upload-Complete"],
    },
    body: { types: ["application/partial-upload"], required: false },
    problems: [absent, "hash_mismatch", "storage_full", "upload_offset"],
    answers: {
      200: { description: "The artifact: that was the end.", schema: answers.artifact },
      204: { description: "Whole parts are stored up to `Upload-Offset`." },
    },
  },
  {
    route: "DELETE /v1/uploads/:upload",
    path: upload,
    tag,
    summary: "Drop an upload that is not finished",
    callers: "everyone",
    problems: [absent],
    answers: { 204: { description: "Gone." } },
  },
];
