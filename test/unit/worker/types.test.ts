import { expect, test } from "vitest";
import { compileWorkflow } from "../../../src/compile/compile-workflow.ts";
import { fingerprintTypes } from "../../../src/compile/types/fingerprint-types.ts";
import { fine } from "../cli/run.ts";
import { openSqliteD1 } from "./sqlite-d1.ts";
import { createTestApp } from "./test-app.ts";

const other = fine.replace("name: fine", "name: other").replace("const: done", "enum: [done]");

test("[TYPES15] whoever may have a role of a published workflow is told what its types depend on, and nothing of any other", async () => {
  const app = createTestApp(openSqliteD1(), { compile: (text) => compileWorkflow(text) });
  for (const text of [fine, other]) {
    const name = text === fine ? "fine" : "other";
    const { status } = await app.call("PUT", `/v1/workflows/${name}`, { body: text, headers: { "content-type": "text/yaml" } });
    expect(status).toBe(201);
  }
  const anybody = await app.register("anybody");
  const worker = await app.register("worker", { roles: ["fine/worker"] });
  const nobody = await app.register("nobody", { roles: [] });
  const ask = async (token: string | undefined, workflows: string) =>
    (await app.call("GET", `/v1/me/types?workflows=${workflows}`, { ...(token !== undefined && { token }) })).body;
  const { compiled } = compileWorkflow(fine);
  const told = compiled && { name: "fine", ...fingerprintTypes(compiled.ir) };
  expect(await ask(worker, "fine,other,absent")).toEqual({ workflows: [told] });
  expect((await ask(anybody, "other,fine")).workflows.map(({ name }: { name: string }) => name)).toEqual(["fine", "other"]);
  expect(await ask(nobody, "fine,other")).toEqual({ workflows: [] });
  expect(await ask(undefined, "fine")).toEqual({ workflows: [told] });
  await app.call("DELETE", "/v1/workflows/fine");
  expect(await ask(worker, "fine")).toEqual({ workflows: [] });
});

test("[TYPES15] it is asked about by name, and not about too many at once", async () => {
  const app = createTestApp(openSqliteD1());
  const many = Array.from({ length: 21 }, (_, at) => `w${at}`).join();
  for (const query of ["?workflows=", `?workflows=${many}`, "?workflows=a&workflows=b"])
    expect(await app.call("GET", `/v1/me/types${query}`)).toMatchObject({ status: 400, body: { code: "malformed" } });
});
