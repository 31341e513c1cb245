/** `/v1/artifacts` and `/v1/uploads`: what is larger than an event may be. The code behind them is loaded when it is first asked for. */
import type { Context, Hono } from "hono";
import { isArtifactId } from "../../contract/artifact.ts";
import { pathParameters, queries } from "../../contract/http/parameters.ts";
import type { AppEnv, AppPorts } from "../app-ports.ts";
import { nameObject, proveViewer } from "../authenticate.ts";
import { readQuery } from "../parse-input.ts";
import { problemError } from "../problem-error.ts";

/** Adds the routes of artifacts. */
export function addArtifactRoutes(app: Hono<AppEnv>, ports: AppPorts): void {
  app.post("/v1/artifacts", async (c) => {
    const call = await enter(c);
    return call.room.createUpload(call);
  });

  app.get("/v1/artifacts", async (c) => {
    const query = readQuery(c, queries.artifacts);
    const call = await enter(c);
    return c.json(await call.room.list(call, query));
  });

  app.get("/v1/artifacts/:artifact", async (c) => {
    const call = await enter(c);
    return call.room.serve(call, readArtifact(c));
  });

  app.get("/v1/artifacts/:artifact/facts", async (c) => {
    const call = await enter(c);
    return c.json(await call.room.show(call, readArtifact(c)));
  });

  app.get("/v1/uploads/:upload", async (c) => {
    const call = await enter(c);
    return call.room.showUpload(call, readUpload(c));
  });

  app.patch("/v1/uploads/:upload", async (c) => {
    const call = await enter(c);
    return call.room.append(call, readUpload(c));
  });

  app.delete("/v1/uploads/:upload", async (c) => {
    const call = await enter(c);
    await call.room.cancel(call, readUpload(c));
    return c.body(null, 204);
  });

  /** Who calls, proven, and the code behind the routes. @throws ProblemError where no artifacts are kept */
  async function enter(c: Context<AppEnv>) {
    const viewer = await proveViewer(c, ports);
    const { artifacts } = ports;
    if (!artifacts)
      throw problemError(
        "not_allowed_now",
        "This server keeps no artifacts: its Cloudflare account has no R2. Its operator enables that and deploys again; meanwhile an event has at most 256 KiB.",
      );
    const { artifactCalls: room } = await import("../artifacts/answer-calls.ts");
    return { room, request: c.req.raw, viewer, owner: nameObject(c.get("principal")), ports: { ...ports, artifacts } };
  }

  function readArtifact(c: Context<AppEnv>): string {
    const id = c.req.param("artifact") ?? "";
    if (!isArtifactId(id)) throw problemError("not_found", "An artifact's id is `sha256:` and 64 hexadecimal digits in small letters.");
    return id;
  }

  function readUpload(c: Context<AppEnv>): string {
    const id = c.req.param("upload") ?? "";
    if (!pathParameters.upload.schema.safeParse(id).success) throw problemError("not_found", `There is no upload ${id}.`);
    return id;
  }
}
