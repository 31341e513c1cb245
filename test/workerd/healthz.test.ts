import { exports } from "cloudflare:workers";
import { expect, test } from "vitest";

test("[API20] the Worker answers that it is healthy", async () => {
  const response = await exports.default.fetch("http://nerveflare.test/healthz");
  expect(response.status).toBe(200);
});
