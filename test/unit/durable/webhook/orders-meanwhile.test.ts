/** What is ordered while a webhook sends holds for its next request, however many it has read to send. */
import { expect, test } from "vitest";
import { webhookLimits } from "../../../../src/durable/webhook/webhook-limits.ts";
import { createStage } from "./stage.ts";

test("[HOOK14] removed while it sends, it writes nothing and sends nothing more", async () => {
  const stage = createStage();
  await stage.create();
  await stage.log("a", 100);
  stage.behave = async () => {
    stage.webhook.forget();
    return new Response();
  };
  await stage.wake();
  expect(stage.got.length).toBeLessThanOrEqual(webhookLimits.atOnce);
  expect(await stage.webhook.standing()).toBeNull();
  stage.evict();
  expect(await stage.webhook.standing()).toBeNull();
});

test("[HOOK12] a secret that is replaced at once, for somebody has it, signs nothing more", async () => {
  const second = `whsec_${btoa("another secret, thirty-two bytes")}`;
  const stage = createStage();
  await stage.create();
  await stage.log("a", webhookLimits.read);
  stage.behave = async () => {
    if (stage.got.length === 1) await stage.webhook.rotate(second, 0);
    stage.secrets = [second];
    return new Response();
  };
  await stage.wake();
  // The receiver takes the new one alone from then on, and so refuses what was under way, but nothing after that.
  expect((await stage.standing()).pending).toBeLessThan(2 * webhookLimits.atOnce);
  await stage.pass(60_000);
  expect(await stage.standing()).toMatchObject({ delivered: webhookLimits.read, pending: 0 });
});
